"""The lake as a rebuild reads it: what a task has written, in log order, from files that are sorted otherwise."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import duckdb
import psycopg

from dataflows.eras import ERA
from dataflows.errors import UnavailableError
from dataflows.lake.query import bare, from_files
from dataflows.lake.store import Store
from dataflows.lake.sweep import alone
from dataflows.rebuild.history import BATCH, BEGINS, FIELDS
from dataflows.settings import Settings

_EVENT: Final = (
    "json_object("
    + ", ".join(f"'{name}', {name}" for name in FIELDS)
    + ", 'timestamp', epoch_ms(event_time), 'metadata', CAST(coalesce(metadata, '{}') AS JSON))"
)
"""`history.EVENT_JSON` as DuckDB writes it."""
_COLUMNS: Final = f"kafka_offset, epoch_ms(ingested_at), epoch_ms(watermark_before), {_EVENT}"
_READ: Final = (
    f"SELECT {_COLUMNS} FROM events WHERE topic = $1 AND partition = $2 AND kafka_offset >= $3 "  # noqa: S608 (ours)
    "AND kafka_offset < $4 ORDER BY kafka_offset"
)
_CHOSEN: Final = f"SELECT partition, topic, {_COLUMNS} FROM events WHERE list_contains($1, topic) AND "  # noqa: S608
_SPANS: Final = f"""
SELECT topic, partition, min(kafka_offset), max(kafka_offset) + 1, count(*), {BEGINS}
FROM events WHERE list_contains($1, topic) GROUP BY topic, partition, kafka_offset // {ERA} ORDER BY ALL
"""  # noqa: S608 (our own text)
_FILES: Final = """
SELECT coalesce(staged, path) FROM lake_files WHERE zone = 'events' AND replaced_at IS NULL ORDER BY 1
"""

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Places of one era and topic-partition between which the lake holds every event.

    Attributes:
        first: The first event's place.
        upto: The place after the last one.
        events: How many events there are.
        begins: When the first one happened.
    """

    first: int
    upto: int
    events: int
    begins: datetime


class LakeEvents:
    """The events of some topics that the lake holds, as of its manifest when it was opened.

    A worker of the flow `lake` leaves nothing out, so within an era its files hold all events from the first that is
    kept to the last. What expired, and with it whatever came before that, is taken as gone.

    Attributes:
        duck: A DuckDB with all its events as the view `events`.
    """

    def __init__(self, duck: duckdb.DuckDBPyConnection, topics: list[str]) -> None:
        """`duck` has a view `events`."""
        self.duck = duck
        self._spans: dict[tuple[str, int], list[Span]] = {}
        with _in_words():
            found = duck.execute(_SPANS, [topics]).fetchall()
        for topic, partition, *span in found:
            self._spans.setdefault((topic, partition), []).append(Span(*span))

    @property
    def spans(self) -> dict[tuple[str, int], list[Span]]:
        """What it holds by topic and task, in the order of places."""
        return self._spans

    def read(self, topic: str, task: int, first: int, upto: int) -> Iterator[list[Row]]:
        """Yields the events from one place up to, not with, another, in their order.

        Returns:
            Rows of place, append time and the watermark met (epoch milliseconds), and the event as JSON.
        """
        with _in_words():
            found = self.duck.cursor().execute(_READ, [topic, task, first, upto])
            while rows := found.fetchmany(BATCH):
                yield rows

    def chosen(self, topics: list[str], where: str) -> Iterator[Row]:
        """Yields task and topic before what `read` yields, of the events for which a condition in SQL holds."""
        with _in_words():
            query = f"{_CHOSEN}{where} ORDER BY partition, topic, kafka_offset"
            found = self.duck.cursor().execute(query, [topics])
            while rows := found.fetchmany(BATCH):
                yield from rows


@contextmanager
def opened(connection: psycopg.Connection[Any], settings: Settings, topics: list[str]) -> Iterator[LakeEvents | None]:
    """Yields the lake; None where there is none. Meanwhile nothing compacts it: files that are read stay.

    Args:
        connection: The database.
        settings: Where the lake is.
        topics: The topics, as the broker knows them.

    Raises:
        RefusedError: Where a compaction or an erasure is at work.
        UnavailableError: Where files that the manifest names cannot be read.
    """
    if connection.execute("SELECT 1 FROM lake_files WHERE zone = 'events' LIMIT 1").fetchone() is None:
        yield None
        return
    with alone(settings), tempfile.TemporaryDirectory(prefix="classpulse-rebuild-") as folder:
        paths = [path for (path,) in connection.execute(_FILES).fetchall()]
        since = connection.execute("SELECT since FROM lake_expired").fetchone()
        store = Store(settings)
        duck = bare(store)
        try:
            duck.execute(f"SET temp_directory = '{folder}'")
            whole = "" if since is None else f" WHERE ingested_at >= TIMESTAMPTZ '{since[0].isoformat()}'"
            with _in_words():
                duck.execute(f"CREATE VIEW events AS SELECT * FROM {from_files(store, paths)}{whole}")  # noqa: S608
            yield LakeEvents(duck, topics)
        finally:
            duck.close()


def aged_until(connection: psycopg.Connection[Any], days: int) -> datetime | None:
    """Returns up to when the lake has events that came longer ago than that; None where it has none.

    Results that were made of them are no longer kept, and are not to be made again.
    """
    row = connection.execute(
        "SELECT max(last_event) FROM lake_files WHERE zone = 'events' AND replaced_at IS NULL "
        "AND first_append < now() - make_interval(days => %s)",
        (days,),
    ).fetchone()
    return row[0] if row else None


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except duckdb.IOException as error:
        said = str(error).strip().splitlines()[0][:300]
        text = (
            f"the lake cannot be read: {said}. Look at CLASSPULSE_LAKE_URL, its credentials and `classpulse lake ls`."
        )
        raise UnavailableError(text) from error
