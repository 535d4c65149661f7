"""Closed hours into the folder that plain tools read: `events/date=…/event_name=…`, sorted by student and time.

The manifest is swapped in one transaction; a file stands under its own path only after that. Killed at any instant,
the next run finishes what is committed and sweeps what is not.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import duckdb
import psycopg
import structlog

from dataflows.claim import RefusedError
from dataflows.lake.files import EVENTS, STAGING
from dataflows.lake.iceberg import is_installed, project
from dataflows.lake.query import bare, columns, from_files
from dataflows.lake.store import Store
from dataflows.lake.sweep import alone, expire, sweep
from dataflows.settings import Settings

SMALL_BYTES: Final = 128_000_000
MOST_BYTES: Final = 256_000_000
"""A file is closed once it is larger; compressed pages make it somewhat larger still."""
_FEW: Final = 8
_AT_ONCE_BYTES: Final = 1_000_000_000
_LONGEST_NAME: Final = 200

_ORDER: Final = "student_id, event_time, topic, partition, kafka_offset"

log = structlog.get_logger()


@dataclass(slots=True)
class Report:
    """What a compaction did.

    Attributes:
        events: Events that it moved.
        replaced: Files that it read.
        written: Files that it wrote.
        swept: Files without a row of the manifest that it deleted.
        expired: Files that nobody needs any more.
    """

    events: int = 0
    replaced: int = 0
    written: int = 0
    swept: int = 0
    expired: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """A compacted file, staged."""

    path: str
    staged: str
    day: date
    event_name: str
    events: int
    size: int
    bounds: tuple[datetime, datetime, datetime, datetime]


def compact(
    connection: psycopg.Connection[Any], store: Store, settings: Settings, *, upto: datetime | None = None
) -> Report:
    """Compacts the files of closed hours, and keeps the lake in order; returns what it did.

    Args:
        connection: The database.
        store: The lake.
        settings: Compression, how long files are kept.
        upto: Files of records appended before; the present hour's beginning where None.

    Raises:
        RefusedError: Where another compaction is at work.
    """
    upto = upto or datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    report = Report()
    with alone(settings):
        settle(connection, store)
        report.swept = sweep(connection, store)
        for inputs in (*_fresh(connection, upto), *_small(connection, upto.date())):
            _swap(connection, store, settings, inputs, report)
        if is_installed():
            project(connection, store, settings)
        report.expired = expire(connection, store, settings)
    return report


def _fresh(connection: psycopg.Connection[Any], upto: datetime) -> Iterator[list[str]]:
    """Yields files of the flow that are to be compacted, about a gigabyte at a time."""
    rows = connection.execute(
        "SELECT path, size_bytes FROM lake_files WHERE zone = 'events' AND event_date IS NULL AND replaced_at IS NULL "
        "AND last_append < %s ORDER BY last_append, path",
        (upto,),
    ).fetchall()
    yield from _batches(rows)


def _small(connection: psycopg.Connection[Any], today: date) -> Iterator[list[str]]:
    """Yields compacted files that are to become one: many small ones of a partition, or several of a day that is over.

    A day of two days ago is over: what comes for it now is late.
    """
    rows = connection.execute(
        "SELECT array_agg(path ORDER BY path), array_agg(size_bytes ORDER BY path) FROM lake_files "
        "WHERE zone = 'events' AND event_date IS NOT NULL AND replaced_at IS NULL AND size_bytes < %s "
        "GROUP BY event_date, event_name HAVING count(*) >= CASE WHEN event_date < %s THEN 2 ELSE %s END",
        (SMALL_BYTES, today - timedelta(days=1), _FEW),
    ).fetchall()
    for paths, sizes in rows:
        yield from (batch for batch in _batches(list(zip(paths, sizes, strict=True))) if len(batch) > 1)


def _batches(files: list[tuple[str, int]]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for path, size_bytes in files:
        batch.append(path)
        size += size_bytes
        if size >= _AT_ONCE_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _swap(
    connection: psycopg.Connection[Any], store: Store, settings: Settings, inputs: list[str], report: Report
) -> None:
    """Writes files in the place of others, swaps the manifest, and lets them stand under their paths."""
    made = write(store, settings, inputs)
    replace(connection, inputs, made)
    settle(connection, store)
    report.events += sum(one.events for one in made)
    report.replaced += len(inputs)
    report.written += len(made)


def write(store: Store, settings: Settings, inputs: list[str], where: str = "true") -> list[Made]:
    """Writes the events of some files again, a partition a file or more; they are staged and nobody sees them yet.

    Args:
        store: The lake.
        settings: Compression.
        inputs: Files of the zone `events`.
        where: Which events, in SQL of our own.
    """
    with _workbench(store) as (duck, folder):
        events = from_files(store, inputs)
        duck.execute(f"CREATE TABLE moved AS SELECT {columns()} FROM {events} WHERE {where}")  # noqa: S608 (ours)
        partitions = duck.execute(
            "SELECT CAST(event_time AT TIME ZONE 'UTC' AS DATE) AS day, event_name FROM moved GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        made = []
        for number, (day, event_name) in enumerate(partitions):
            target = folder / str(number)
            duck.execute(
                f"COPY (SELECT {columns()} FROM moved WHERE event_name = $1 "  # noqa: S608 (our own text)
                f"AND CAST(event_time AT TIME ZONE 'UTC' AS DATE) = $2 ORDER BY {_ORDER}) TO '{target}' "
                f"(FORMAT parquet, COMPRESSION {settings.lake_compression}, FILE_SIZE_BYTES {MOST_BYTES})",
                [event_name, day],
            )
            made += [_stage(store, duck, file, day, event_name) for file in sorted(target.glob("*.parquet"))]
    return made


def _stage(store: Store, duck: duckdb.DuckDBPyConnection, file: Path, day: date, event_name: str) -> Made:
    found = duck.execute(
        f"SELECT count(*), min(event_time), max(event_time), min(ingested_at), max(ingested_at) FROM '{file}'"  # noqa: S608
    ).fetchone()
    events, *bounds = found or (0,)
    name = f"{uuid.uuid4().hex}.parquet"
    made = Made(
        path=f"{EVENTS}/date={day}/event_name={folder_of(event_name)}/{name}",
        staged=f"{STAGING}/{name}",
        day=day,
        event_name=event_name,
        events=events,
        size=store.put(f"{STAGING}/{name}", file),
        bounds=tuple(bounds),
    )
    file.unlink()
    return made


def folder_of(event_name: str) -> str:
    """Returns an event's name as the name of a folder: readers decode what is escaped.

    Example:
        >>> folder_of("page_view"), folder_of("a/b")
        ('page_view', 'a%2Fb')
    """
    return quote(event_name, safe="")[:_LONGEST_NAME]


def replace(connection: psycopg.Connection[Any], inputs: list[str], made: list[Made]) -> None:
    """Names staged files in the place of others, in one transaction.

    Raises:
        RefusedError: Where one of the others was replaced meanwhile.
    """
    with connection.transaction():
        cursor = connection.execute(
            "UPDATE lake_files SET replaced_at = now() WHERE path = ANY(%s) AND replaced_at IS NULL", (inputs,)
        )
        if cursor.rowcount != len(inputs):
            text = "files of the lake were replaced while they were read; nothing was changed: run this again"
            raise RefusedError(text)
        for one in made:
            connection.execute(
                "INSERT INTO lake_files (zone, path, events, size_bytes, first_event, last_event, first_append, "
                "last_append, event_date, event_name, staged) VALUES ('events'" + ", %s" * 10 + ")",
                (one.path, one.events, one.size, *one.bounds, one.day, one.event_name, one.staged),
            )


def settle(connection: psycopg.Connection[Any], store: Store) -> None:
    """Takes replaced files out of the folder that plain tools read, then lets staged ones stand in it.

    In this order: whoever reads that folder meanwhile may miss events for a moment, and never counts one twice.
    """
    gone = connection.execute(
        "SELECT path FROM lake_files WHERE event_date IS NOT NULL AND replaced_at IS NOT NULL AND staged IS NULL"
    ).fetchall()
    for (path,) in gone:
        store.delete(path)
    connection.execute("DELETE FROM lake_files WHERE path = ANY(%s)", ([path for (path,) in gone],))
    staged = connection.execute("SELECT path, staged FROM lake_files WHERE staged IS NOT NULL").fetchall()
    for path, place in staged:
        store.copy(place, path)
        connection.execute("UPDATE lake_files SET staged = NULL WHERE path = %s", (path,))
        store.delete(place)


@contextmanager
def _workbench(store: Store) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """Yields a DuckDB that spills to disk, and a folder of its own that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="classpulse-lake-") as name:
        folder = Path(name)
        duck = bare(store)
        try:
            duck.execute(f"SET temp_directory = '{folder / 'spill'}'")
            # One thread: what is ordered stays so from file to file.
            duck.execute("SET threads = 1")
            yield duck, folder
        finally:
            duck.close()
