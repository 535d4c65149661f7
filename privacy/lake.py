"""Students erased from the lake: a file that holds something of them is written again without it, under its own name.

Replaced files too, since a task that starts reads ids of events from them. A file is put in place whole, then its row
of the manifest says how many events it holds; broken off between the two, the next run mends the count.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Collection
from typing import Any

import msgspec
import polars as pl
import psycopg

from dataflows.lake.files import json_lines, parquet
from dataflows.lake.store import Store
from dataflows.lake.sweep import alone
from dataflows.settings import Settings
from privacy.records import is_about


def erase_from_lake(
    connection: psycopg.Connection[Any],
    settings: Settings,
    student_ids: Collection[str],
    progress: Callable[[int, int], None],
) -> tuple[int, int]:
    """Takes students out of every file that the manifest names.

    Args:
        connection: The database.
        settings: Where the lake is, its compression.
        student_ids: The ids as they are kept.
        progress: Told how many files are done, and how many there are.

    Returns:
        How many files there are, and how many events and records are gone.

    Raises:
        RefusedError: A compaction is at work.
    """
    wanted, store, gone = frozenset(student_ids), Store(settings), 0
    with alone(connection):
        files = connection.execute(
            "SELECT path, coalesce(staged, path), zone, events FROM lake_files ORDER BY path"
        ).fetchall()
        for done, (path, lies, zone, events) in enumerate(files):
            progress(done, len(files))
            left = _events(store, settings, lies, wanted) if zone == "events" else _raw(store, settings, lies, wanted)
            gone += events - left
            if left != events:
                connection.execute("UPDATE lake_files SET events = %s WHERE path = %s", (left, path))
    return len(files), gone


def holds_any(settings: Settings, connection: psycopg.Connection[Any], student_ids: Collection[str]) -> int:
    """Returns how many files of the manifest still hold something of students."""
    wanted, store = frozenset(student_ids), Store(settings)
    files = connection.execute("SELECT coalesce(staged, path), zone FROM lake_files").fetchall()
    return sum(
        bool(
            _of_events(_table(store, path), wanted).any()
            if zone == "events"
            else _of_raw(_lines(store, path), wanted).any()
        )
        for path, zone in files
    )


def _events(store: Store, settings: Settings, path: str, wanted: frozenset[str]) -> int:
    events = _table(store, path)
    hers = _of_events(events, wanted)
    if hers.any():
        events = events.filter(~hers)
        store.put(path, parquet(events, settings.lake_compression))
    return len(events)


def _raw(store: Store, settings: Settings, path: str, wanted: frozenset[str]) -> int:
    lines = _lines(store, path)
    hers = _of_raw(lines, wanted)
    if hers.any():
        lines = lines.filter(~hers)
        store.put(path, json_lines(lines, settings.lake_raw_compression))
    return len(lines)


def _table(store: Store, path: str) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(store.get(path)))


def _lines(store: Store, path: str) -> pl.Series:
    data = store.get(path)
    if not data:
        return pl.Series("line", [], dtype=pl.String)
    # a line is JSON: no control character stands in it as it is
    read = pl.read_csv(
        data, has_header=False, separator="\x01", quote_char=None, new_columns=["line"], schema={"line": pl.String}
    )
    return read["line"]


def _of_events(events: pl.DataFrame, wanted: frozenset[str]) -> pl.Series:
    return events["student_id"].is_in(list(wanted))


def _of_raw(lines: pl.Series, wanted: frozenset[str]) -> pl.Series:
    return pl.Series([_is_of(line, wanted) for line in lines], dtype=pl.Boolean)


def _is_of(line: str, wanted: frozenset[str]) -> bool:
    record = msgspec.json.decode(line)
    coded = record.get("base64")
    value = base64.b64decode(coded) if coded is not None else msgspec.json.encode(record.get("value"))
    return is_about(value, None, wanted)
