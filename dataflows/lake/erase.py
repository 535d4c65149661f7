"""Students taken out of the lake: each file that names one is written again without, and the manifest swapped.

`classpulse student erase` calls it. What a worker has gathered and not written yet may still hold them: call it again
once the flow `lake` has written what it had read (`CLASSPULSE_LAKE_FILE_S`); a second call finds nothing else to do.
"""

from __future__ import annotations

import base64
import io
import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import psycopg

from dataflows.lake.compact import replace, settle, write
from dataflows.lake.files import Compression, RawCompression, json_lines, parquet
from dataflows.lake.iceberg import forget, is_installed, project
from dataflows.lake.query import bare, from_files
from dataflows.lake.store import Store
from dataflows.lake.sweep import alone, sweep
from dataflows.settings import Settings

_LINE: Final = "\x1f"
"""A separator that no line of JSON holds."""
_ENDINGS: Final[dict[str, RawCompression]] = {"zst": "zstd", "gz": "gzip", "jsonl": "none"}


@dataclass(slots=True)
class Erased:
    """What an erasure did.

    Attributes:
        events: Rows of the zone `events` that are gone.
        records: Lines of the zone `raw` that are gone.
        files: Files that were written again or deleted.
    """

    events: int = 0
    records: int = 0
    files: int = 0


def erase(connection: psycopg.Connection[Any], store: Store, settings: Settings, students: Sequence[str]) -> Erased:
    """Takes students out of every file, those that compaction has replaced included; nothing of them is left after it.

    Of raw records, every line goes that names one of them, whoever sent it.

    Args:
        connection: The database.
        store: The lake.
        settings: Compression.
        students: Their ids, as the topics carry them.

    Raises:
        RefusedError: Where a compaction or another erasure is at work.
    """
    done = Erased()
    with alone(settings):
        settle(connection, store)
        sweep(connection, store)
        for path, rows in _with_students(connection, store, students):
            done.events += rows
            done.files += 1
            _rewrite(connection, store, settings, path, students)
        named = _naming(students)
        for (path,) in connection.execute("SELECT path FROM lake_files WHERE zone = 'raw' ORDER BY path").fetchall():
            gone = _rewrite_raw(connection, store, path, named)
            done.records += gone
            done.files += gone > 0
        settle(connection, store)
        if is_installed():
            if done.files:
                forget(store, settings)
            project(connection, store, settings)
    return done


def _with_students(connection: psycopg.Connection[Any], store: Store, students: Sequence[str]) -> list[tuple[str, int]]:
    """Returns the files of events that hold any of them, replaced ones too, and how many rows."""
    paths = [
        p for (p,) in connection.execute("SELECT path FROM lake_files WHERE zone = 'events' ORDER BY 1").fetchall()
    ]
    if not paths:
        return []
    duck = bare(store)
    try:
        rows = duck.execute(
            f"SELECT filename, count(*) FROM {from_files(store, paths, name=True)} "  # noqa: S608 (our own text)
            "WHERE student_id IN (SELECT unnest($1)) GROUP BY 1 ORDER BY 1",
            [list(students)],
        ).fetchall()
    finally:
        duck.close()
    return [(name.removeprefix(store.url("")), count) for name, count in rows]


def _rewrite(
    connection: psycopg.Connection[Any], store: Store, settings: Settings, path: str, students: Sequence[str]
) -> None:
    row = connection.execute("SELECT task FROM lake_files WHERE path = %s", (path,)).fetchone()
    if row is not None and row[0] is None:
        texts = ", ".join("'" + student.replace("'", "''") + "'" for student in students)
        replace(connection, [path], write(store, settings, [path], f"student_id NOT IN ({texts})"))
        return
    left = pl.read_parquet(io.BytesIO(store.get(path))).filter(~pl.col("student_id").is_in(students))
    compression: Compression = settings.lake_compression
    _put(connection, store, path, len(left), parquet(left, compression) if len(left) else b"")


def _put(connection: psycopg.Connection[Any], store: Store, path: str, events: int, data: bytes) -> None:
    """Names a file's next version in its place, under what the first one's row says; an empty one is left out."""
    stem, _, ending = path.partition(".g")
    generation, _, rest = ending.partition(".")
    renewed = f"{stem}.g{generation}.{uuid.uuid4().hex[:8]}.{rest}"
    if events:
        store.put(renewed, data)
    with connection.transaction():
        if events:
            connection.execute(
                "INSERT INTO lake_files (path, zone, task, generation, places, events, size_bytes, first_event, "
                "last_event, first_append, last_append, known_at, written_at, replaced_at) "
                "SELECT %s, zone, task, generation, places, %s, %s, first_event, last_event, first_append, "
                "last_append, known_at, written_at, replaced_at FROM lake_files WHERE path = %s",
                (renewed, events, len(data), path),
            )
        connection.execute("DELETE FROM lake_files WHERE path = %s", (path,))
    store.delete(path)


def _naming(students: Sequence[str]) -> re.Pattern[str]:
    """Returns what finds a line in which one of them stands as a value, as text or, where it is one, as a number."""
    found = []
    for student in students:
        found += [re.escape(json.dumps(student)), re.escape(json.dumps(student, ensure_ascii=False))]
        if student.isdigit():
            found.append(rf"(?<=[:\[,\s]){student}(?=[,}}\]\s])")
    return re.compile("|".join(found))


def _rewrite_raw(connection: psycopg.Connection[Any], store: Store, path: str, named: re.Pattern[str]) -> int:
    """Writes a raw file again without the lines that name somebody; returns how many those are."""
    lines = pl.read_csv(
        io.BytesIO(store.get(path)), has_header=False, separator=_LINE, quote_char=None, new_columns=["line"]
    )["line"]
    keep = [not named.search(_plain(line)) for line in lines]
    gone = keep.count(False)
    if gone:
        left = lines.filter(pl.Series(keep))
        compression = _ENDINGS[path.rsplit(".", 1)[-1]]
        _put(connection, store, path, len(left), json_lines(left, compression) if len(left) else b"")
    return gone


def _plain(line: str) -> str:
    """Returns a line with what was refused in plain text."""
    head, mark, coded = line.partition(',"base64":"')
    if not mark:
        return line
    return head + base64.b64decode(coded.removesuffix('"}')).decode("utf-8", "replace")
