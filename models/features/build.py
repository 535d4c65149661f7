"""`classpulse features build`: events of lake and archive, rosters and contents with their history, a page of SQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import duckdb
import psycopg
from psycopg import sql

from dataflows.claim import RefusedError
from dataflows.kafka.topics import CLICKSTREAM_ALIAS, INPUT_TOPICS
from dataflows.lake.files import SCHEMA
from dataflows.rebuild.kept_events import KeptEvents, kept
from dataflows.rebuild.spec import ARCHIVE_AND_LAKE, furthest
from dataflows.settings import Settings
from models.features.columns import COLUMNS

Clock = Literal["wall", "data"]
Format = Literal["parquet", "csv"]

SQL: Final = (Path(__file__).parent / "features.sql").read_text(encoding="utf-8")

_KINDS: Final = {
    "clickstream_events": "clicks",
    CLICKSTREAM_ALIAS: "clicks",
    "diagnostic_quiz_events": "diagnostic",
    "module_quiz_events": "module",
}
_HISTORIES: Final = {
    "enrolment_history": {
        "student_id": "VARCHAR",
        "course_id": "VARCHAR",
        "class_id": "VARCHAR",
        "role": "VARCHAR",
        "enrolled_at": "TIMESTAMPTZ",
        "returned_at": "TIMESTAMPTZ",
        "left_at": "TIMESTAMPTZ",
        "valid_from": "TIMESTAMPTZ",
        "valid_to": "TIMESTAMPTZ",
    },
    "content_item_history": {
        "course_id": "VARCHAR",
        "item_id": "VARCHAR",
        "kind": "VARCHAR",
        "available_from": "TIMESTAMPTZ",
        "due_at": "TIMESTAMPTZ",
        "valid_from": "TIMESTAMPTZ",
        "valid_to": "TIMESTAMPTZ",
    },
}
_EVENTS: Final = {
    name: {"Int64": "BIGINT", "String": "VARCHAR"}.get(str(kind), "TIMESTAMPTZ") for name, kind in SCHEMA.items()
}


@dataclass(frozen=True, slots=True)
class Built:
    """What was built.

    Attributes:
        rows: How many rows.
        students: Of how many students.
        as_of: What was known before.
    """

    rows: int
    students: int
    as_of: datetime


def build(  # noqa: PLR0913
    connection: psycopg.Connection[Any],
    settings: Settings,
    out: Path,
    *,
    as_of: datetime | None = None,
    days: int = 28,
    clock: Clock = "wall",
    form: Format = "parquet",
    query: str = SQL,
) -> Built:
    """Writes the features of the last days before an instant.

    Args:
        connection: The database, of somebody who may make temporary tables.
        settings: Where the lake is, the time zone, the topics.
        out: The file.
        as_of: Nothing that was known later is in it; by default as late as may be.
        days: So many local days, the last one that of `as_of`.
        clock: `wall`: known when it came. `data`: of a replayed log, known when its watermark had come as far.
        form: Of the file.
        query: What gives the table `features`.

    Raises:
        RefusedError: Where not everything that was known then has been read.
    """
    upto = settled(connection)
    cut = upto if as_of is None else as_of
    if cut > upto:
        text = (
            f"events are read up to {upto:%Y-%m-%d %H:%M:%S} UTC so far: what was known at "
            f"{cut.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC cannot be told yet. Leave --as-of out, or run "
            "`classpulse tick`."
        )
        raise RefusedError(text)
    topics = [settings.topic(topic) for topic in (*INPUT_TOPICS, CLICKSTREAM_ALIAS)]
    with tempfile.TemporaryDirectory(prefix="classpulse-features-") as name, kept(connection, settings, topics) as past:
        folder = Path(name)
        with _bench(connection, past, folder) as duck:
            last = (cut - timedelta(microseconds=1)).astimezone(ZoneInfo(settings.timezone)).date()
            _given(duck, settings, cut, last - timedelta(days=days - 1), last, clock)
            duck.execute(query)
            names = ", ".join(f"CAST({column.name} AS {column.type}) AS {column.name}" for column in COLUMNS)
            options = "FORMAT parquet, COMPRESSION zstd" if form == "parquet" else "FORMAT csv, HEADER"
            duck.execute(
                f"COPY (SELECT {names} FROM features ORDER BY student_id, course_id, day) "  # noqa: S608 (our own text)
                f"TO '{_quoted(out)}' ({options})"
            )
            found = duck.execute("SELECT count(*), count(DISTINCT student_id) FROM features").fetchone() or (0, 0)
    return Built(found[0], found[1], cut)


def settled(connection: psycopg.Connection[Any]) -> datetime:
    """Returns the instant before which everything that was known has been read: the lowest watermark, to the second.

    Raises:
        RefusedError: Where nothing has been read.
    """
    marks = [mark for _places, marks in furthest(connection, ARCHIVE_AND_LAKE).values() for mark in marks.values()]
    if not marks:
        text = "nothing has been read yet: run `classpulse run archive lake` first"
        raise RefusedError(text)
    return datetime.fromtimestamp(min(marks) // 1000, UTC)


@contextmanager
def _bench(connection: psycopg.Connection[Any], past: KeptEvents, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yields a DuckDB with the view `events` over lake and archive, and the histories."""
    duck = past.duck.cursor() if past.duck is not None else duckdb.connect()
    try:
        duck.execute("SET TimeZone = 'UTC'")
        if past.duck is None:
            duck.execute(f"SET temp_directory = '{_quoted(folder / 'spill')}'")
        rest = _copied(connection, folder, past.table, _EVENTS)
        duck.execute("CREATE SCHEMA bench")
        query = f"SELECT * FROM {rest}"  # noqa: S608 (our own text)
        if past.duck is not None:
            query = f"SELECT {', '.join(_EVENTS)} FROM main.events UNION ALL {query}"  # noqa: S608 (our own text)
        duck.execute(f"CREATE VIEW bench.events AS {query}")
        duck.execute("SET schema = 'bench'")
        for table, kinds in _HISTORIES.items():
            source = _copied(connection, folder, sql.Identifier(table), kinds)
            duck.execute(f"CREATE TABLE {table} AS SELECT * FROM {source}")  # noqa: S608 (our own text)
        yield duck
    finally:
        duck.close()


def _copied(connection: psycopg.Connection[Any], folder: Path, table: sql.Identifier, kinds: dict[str, str]) -> str:
    """Copies a table of the database into a file; returns what stands after FROM to read it."""
    file = folder / f"{len(list(folder.glob('*.csv')))}.csv"
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv)").format(
        sql.SQL(", ").join(map(sql.Identifier, kinds)), table
    )
    with connection.transaction(), connection.cursor() as cursor:
        connection.execute("SET LOCAL TimeZone = 'UTC'")
        with cursor.copy(query) as copy, file.open("wb") as to:
            for piece in copy:
                to.write(piece)
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in kinds.items())
    return (
        f"read_csv('{_quoted(file)}', header = false, columns = {{{columns}}}, delim = ',', quote = '\"', "
        "escape = '\"', nullstr = '', allow_quoted_nulls = false, auto_detect = false)"
    )


def _given(  # noqa: PLR0913
    duck: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime, since: date, last: date, clock: Clock
) -> None:
    duck.execute("CREATE TABLE cut (as_of TIMESTAMPTZ, clock VARCHAR, zone VARCHAR, since DATE, last DATE)")
    duck.execute("INSERT INTO cut VALUES ($1, $2, $3, $4, $5)", [as_of, clock, settings.timezone, since, last])
    duck.execute("CREATE TABLE topics (topic VARCHAR, kind VARCHAR, rank BIGINT)")
    for rank, topic in enumerate((*INPUT_TOPICS, CLICKSTREAM_ALIAS)):
        kind = _KINDS.get(topic, "other")
        duck.execute("INSERT INTO topics VALUES ($1, $2, $3)", [settings.topic(topic), kind, rank])


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
