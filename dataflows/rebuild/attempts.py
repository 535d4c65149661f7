"""What the database holds of the `memory` flow: attempts, and signals that are raised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import polars as pl
import psycopg

from dataflows.events.ids import split_ids
from dataflows.kafka.keys import partition_of
from dataflows.remember.columns import TOPIC_ORDER
from dataflows.settings import Settings

BATCH: Final = 32_768

_TOLD_AGAIN: Final = "SELECT max(attempted_at) - interval '7 days' FROM quiz_attempts"
"""Since when another topic may tell an attempt otherwise: for as long as Kafka holds what was told."""
_ATTEMPTS: Final = """
SELECT (extract(epoch FROM q.attempted_at) * 1000)::bigint, q.event_id, q.user_id, q.module, q.score, q.domain, e.topic
FROM quiz_attempts q
LEFT JOIN events e ON e.event_time = q.attempted_at AND e.event_id = q.event_id AND e.event_time >= %s
ORDER BY q.attempted_at, q.event_id
"""
_SIGNALS: Final = """
SELECT user_id, module_id, (extract(epoch FROM scheduled_at) * 1000)::bigint FROM revision_signal_facts
WHERE scheduled_at > to_timestamp(%s / 1000.0)
"""


def stored_attempts(
    connection: psycopg.Connection[Any], settings: Settings, tasks: list[int]
) -> Iterator[pl.DataFrame]:
    """Yields the attempts in time order, each with the task that its student lives in.

    Of recent ones the archive says which topic told them, so that one that is believed more may still tell them
    otherwise; of older ones what is stored is believed.

    Args:
        connection: The database.
        settings: Names of topics.
        tasks: The tasks of the flow, ascending.
    """
    home: dict[str, int] = dict(connection.execute("SELECT user_id, max(task) FROM memory_state GROUP BY 1").fetchall())
    ranks = {settings.topic(topic): rank for rank, topic in enumerate(TOPIC_ORDER)}
    names = ("event_ms", "event_id", "user_id", "module", "score", "domain", "topic")
    types = (pl.Int64, pl.String, pl.String, pl.String, pl.Float64, pl.String, pl.String)
    since = connection.execute(_TOLD_AGAIN).fetchone()
    with connection.transaction(), connection.cursor("attempts") as cursor:
        cursor.itersize = BATCH
        cursor.execute(_ATTEMPTS, since)
        while rows := cursor.fetchmany(BATCH):
            frame = pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")
            hi, lo, _valid = split_ids(frame["event_id"].to_list())
            users = frame["user_id"].to_list()
            for user in set(users) - set(home):
                home[user] = tasks[partition_of(user.encode(), len(tasks))]
            yield frame.with_columns(
                pl.col("topic").replace_strict(ranks, default=0, return_dtype=pl.Int8).alias("rank"),
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
