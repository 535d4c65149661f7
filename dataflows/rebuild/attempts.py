"""What the database holds of the `memory` flow: attempts, and signals that are raised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import polars as pl
import psycopg

from dataflows.events.ids import split_ids
from dataflows.kafka.keys import partition_of

BATCH: Final = 32_768

_ATTEMPTS: Final = """
SELECT (extract(epoch FROM attempted_at) * 1000)::bigint, event_id, user_id, module, score, domain, coalesce(place, -1)
FROM quiz_attempts ORDER BY attempted_at, coalesce(place, -1), event_id
"""
_SIGNALS: Final = """
SELECT user_id, module_id, (extract(epoch FROM scheduled_at) * 1000)::bigint FROM revision_signal_facts
WHERE scheduled_at > to_timestamp(%s / 1000.0)
"""


def amount(connection: psycopg.Connection[Any]) -> int:
    """Returns how many attempts `stored_attempts` will yield."""
    row = connection.execute("SELECT count(*) FROM quiz_attempts").fetchone()
    return row[0] if row else 0


def stored_attempts(connection: psycopg.Connection[Any], tasks: list[int]) -> Iterator[pl.DataFrame]:
    """Yields the attempts in time order, each with the task that its student lives in.

    Args:
        connection: The database.
        tasks: The tasks of the flow, ascending.
    """
    home: dict[str, int] = dict(connection.execute("SELECT user_id, max(task) FROM memory_state GROUP BY 1").fetchall())
    names = ("event_ms", "event_id", "user_id", "module", "score", "domain", "place")
    types = (pl.Int64, pl.String, pl.String, pl.String, pl.Float64, pl.String, pl.Int64)
    with connection.transaction(), connection.cursor("attempts") as cursor:
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # it only reads
        cursor.itersize = BATCH
        cursor.execute(_ATTEMPTS)
        while rows := cursor.fetchmany(BATCH):
            frame = pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")
            hi, lo, _valid = split_ids(frame["event_id"].to_list())
            users = frame["user_id"].to_list()
            for user in set(users) - set(home):
                home[user] = tasks[partition_of(user.encode(), len(tasks))]
            yield frame.with_columns(
                id_hi=hi,
                id_lo=lo,
                task=pl.Series([home[user] for user in users]),
            )


def raised_signals(connection: psycopg.Connection[Any], low_ms: int) -> pl.DataFrame:
    """Returns the signals that are raised though they fell due after the lowest watermark."""
    rows = connection.execute(_SIGNALS, (max(low_ms, 0),)).fetchall()
    schema = {"user_id": pl.String, "module_id": pl.String, "due_ms": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").select(
        "user_id", "module_id", pl.col("due_ms").cast(pl.Datetime("ms")).alias("scheduled_at")
    )
