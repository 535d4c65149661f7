"""A class-day twice: as the tables have it, and as the lake's events say by SQL of its own (`recomputed.sql`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb
import psycopg

from dataflows.errors import UserError
from dataflows.lake.query import reading
from dataflows.lake.store import Store
from dataflows.settings import Settings

SQL: Final = (Path(__file__).parent / "recomputed.sql").read_text(encoding="utf-8")
_MOST_SHOWN: Final = 50

KINDS: Final = {
    "clickstream_events": "clicks",
    "lms_clickstream": "clicks",
    "chapter_view_events": "views",
    "user_login_events": "other",
    "learning_domain_selection_events": "other",
    "diagnostic_quiz_events": "diagnostic",
    "module_quiz_events": "module",
    "module_completion_events": "other",
}
"""Topics as the contract has them, in the order in which they are believed."""

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """A table whose rows are compared.

    Attributes:
        name: Its name, of the lake's side too.
        key: The columns that tell its rows apart.
        values: The others.
        stored: The rows of a class-day in the database: `%(class_id)s`, `%(day)s`, `%(since)s`, `%(until)s`.
    """

    name: str
    key: tuple[str, ...]
    values: tuple[str, ...]
    stored: str


TABLES: Final = (
    Compared(
        "activity_windows",
        ("window_start",),
        ("events", "active_students", "active_5m"),
        "SELECT window_start, sum(events)::bigint, sum(active_students)::bigint, sum(active_5m)::bigint "
        "FROM activity_windows WHERE scope = 'class' AND scope_id = %(class_id)s "
        "AND window_start >= %(since)s AND window_start < %(until)s GROUP BY window_start",
    ),
    Compared(
        "student_days",
        ("student_id",),
        ("minutes_active", "interactions"),
        "SELECT student_id, minutes_active, interactions FROM student_day_classes "
        "WHERE day = %(day)s AND class_id = %(class_id)s "
        "UNION ALL SELECT student_id, minutes_active, interactions FROM student_days d "
        "WHERE day = %(day)s AND class_id = %(class_id)s AND NOT EXISTS (SELECT FROM student_day_classes c "
        "WHERE c.day = d.day AND c.student_id = d.student_id)",
    ),
    Compared(
        "quiz_attempts",
        ("event_id", "user_id"),
        ("attempted_at", "quiz_type", "score"),
        "SELECT event_id, user_id, attempted_at, quiz_type, score FROM quiz_attempts "
        "WHERE class_id = %(class_id)s AND attempted_at >= %(since)s AND attempted_at < %(until)s",
    ),
    Compared(
        "chapter_visits",
        ("event_id", "student_id"),
        ("chapter_id", "start_time"),
        "SELECT event_id, student_id, chapter_id, start_time FROM chapter_visit_facts WHERE source = 'view' "
        "AND class_id = %(class_id)s AND start_time >= %(since)s AND start_time < %(until)s",
    ),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that differs.

    Attributes:
        key: The values of the key's columns.
        lake: What the lake says; None where it says nothing.
        database: What the table has; None where it has no such row.
        why: The likely reason, or an empty text.
    """

    key: Row
    lake: Row | None
    database: Row | None
    why: str


@dataclass(slots=True)
class Verdict:
    """What a comparison found.

    Attributes:
        class_id: The class.
        day: The local day.
        rows: By table, how many rows were compared.
        differences: By table, those that differ.
        late: Late events of the day that no result counts.
    """

    class_id: str
    day: date
    rows: dict[str, int] = field(default_factory=dict)
    differences: dict[str, list[Difference]] = field(default_factory=dict)
    late: int = 0

    @property
    def is_equal(self) -> bool:
        """Whether every row is as recomputed."""
        return not any(self.differences.values())

    def facts(self) -> dict[str, Any]:
        """Returns it as JSON knows it."""
        tables = [
            {
                "table": table.name,
                "rows": self.rows[table.name],
                "differing": len(self.differences[table.name]),
                "differences": [
                    {
                        "key": _named(table.key, one.key),
                        "lake": one.lake and _named(table.values, one.lake),
                        "database": one.database and _named(table.values, one.database),
                        "why": one.why,
                    }
                    for one in self.differences[table.name][:_MOST_SHOWN]
                ],
            }
            for table in TABLES
        ]
        return {
            "class": self.class_id,
            "day": f"{self.day}",
            "equal": self.is_equal,
            "late_events_not_counted": self.late,
            "tables": tables,
        }


def _named(names: tuple[str, ...], values: Row) -> dict[str, Any]:
    return {name: v.isoformat() if isinstance(v, datetime) else v for name, v in zip(names, values, strict=True)}


def span(day: date, timezone: str) -> tuple[datetime, datetime]:
    """Returns the instants at which a local day begins and ends.

    Example:
        >>> [f"{at:%d %H:%M}" for at in span(date(2026, 3, 29), "Europe/Berlin")]
        ['28 23:00', '29 22:00']
    """
    zone = ZoneInfo(timezone)
    first, last = (datetime.combine(d, time(), zone).astimezone(UTC) for d in (day, day + timedelta(days=1)))
    return first, last


def class_days(connection: psycopg.Connection[Any], store: Store, settings: Settings) -> list[tuple[str, date]]:
    """Returns the classes and local days of which the lake has events and which are final."""
    with reading(connection, store) as duck:
        found = duck.execute(
            "SELECT DISTINCT class_id, CAST(timezone($1, event_time) AS DATE) FROM events "
            "WHERE class_id IS NOT NULL AND role = 'student' ORDER BY 2, 1",
            [settings.timezone],
        ).fetchall()
    final = final_until(connection, settings)
    return [(class_id, day) for class_id, day in found if span(day, settings.timezone)[1] <= final]


def final_until(connection: psycopg.Connection[Any], settings: Settings) -> datetime:
    """Returns up to when nothing changes any more, in the flows that ran and in the lake; late events aside."""
    row = connection.execute(
        "SELECT min(watermark), count(*) FILTER (WHERE flow = 'lake') FROM task_watermarks "
        "WHERE watermark > '-infinity'"
    ).fetchone()
    low, of_lake = row or (None, 0)
    if low is None or not of_lake:
        text = "the lake holds nothing yet: run `classpulse run lake`"
        raise UserError(text)
    settled: datetime = low - timedelta(seconds=max(settings.lateness_s, settings.content_lateness_s))
    return settled


def verify(connection: psycopg.Connection[Any], store: Store, settings: Settings, class_id: str, day: date) -> Verdict:
    """Compares a class-day.

    Args:
        connection: The database.
        store: The lake.
        settings: Time zone, lateness, names of topics.
        class_id: The class.
        day: The local day.

    Raises:
        UserError: Where the day is not final yet.
    """
    since, until = span(day, settings.timezone)
    final = final_until(connection, settings)
    if until > final:
        text = f"{day} is not final yet: results and lake are settled up to {final:%Y-%m-%d %H:%M} UTC"
        raise UserError(text)
    verdict = Verdict(class_id, day)
    given = {"class_id": class_id, "day": day, "since": since, "until": until}
    with reading(connection, store) as duck:
        _prepare(connection, duck, settings, given)
        duck.execute(SQL)
        present = {student for (student,) in duck.execute("SELECT DISTINCT student_id FROM students").fetchall()}
        row = duck.execute("SELECT count(*) FROM not_counted").fetchone()
        verdict.late = row[0] if row else 0
        for table in TABLES:
            names = ", ".join((*table.key, *table.values))
            lake = duck.execute(f"SELECT {names} FROM {table.name}").fetchall()  # noqa: S608 (our own names)
            stored: Any = table.stored
            rows = connection.execute(stored, given).fetchall()
            verdict.rows[table.name] = len({row[: len(table.key)] for row in (*lake, *rows)})
            verdict.differences[table.name] = list(_differing(table, lake, rows, present, verdict.late))
    return verdict


def _differing(
    table: Compared, lake: list[Row], stored: list[Row], present: set[str], late: int
) -> Iterator[Difference]:
    width = len(table.key)
    ours, theirs = ({_plain(row[:width]): _plain(row[width:]) for row in rows} for rows in (lake, stored))
    for key in sorted(ours.keys() | theirs.keys(), key=str):
        if ours.get(key) != theirs.get(key):
            yield Difference(key, ours.get(key), theirs.get(key), _why(table, key, ours.get(key), present, late))


def _plain(row: Row) -> Row:
    return tuple(value.astimezone(UTC) if isinstance(value, datetime) else value for value in row)


def _why(table: Compared, key: Row, lake: Row | None, present: set[str], late: int) -> str:
    """Returns the likely reason of a difference, where there is one that explains it."""
    who = dict(zip(table.key, key, strict=True))
    student = who.get("student_id") or who.get("user_id")
    if student is not None and student not in present:
        return "erased: the lake holds nothing of this student on that day"
    if student is None and late and lake is not None:
        return "late: events that came too late are in the lake and in no result until `classpulse nightly` adds them"
    return ""


def _prepare(
    connection: psycopg.Connection[Any], duck: duckdb.DuckDBPyConnection, settings: Settings, given: dict[str, Any]
) -> None:
    """Gives DuckDB what the log does not say: the day, what was settled before topics began, late days."""
    duck.execute(
        "CREATE TEMP TABLE day (class_id TEXT, since TIMESTAMPTZ, until TIMESTAMPTZ, zone TEXT, lateness_s BIGINT);"
        "CREATE TEMP TABLE topics (topic TEXT, kind TEXT, rank BIGINT);"
        "CREATE TEMP TABLE begun (topic TEXT, task BIGINT, settled TIMESTAMPTZ);"
        "CREATE TEMP TABLE late_days (day DATE, topic TEXT, task BIGINT, place BIGINT);"
    )
    duck.execute(
        "INSERT INTO day VALUES ($1, $2, $3, $4, $5)",
        [given["class_id"], given["since"], given["until"], settings.timezone, settings.lateness_s],
    )
    for rank, (topic, kind) in enumerate(KINDS.items()):
        duck.execute("INSERT INTO topics VALUES ($1, $2, $3)", [settings.topic(topic), kind, rank])
    for row in connection.execute(
        "SELECT b.key, task, to_timestamp(b.value::double precision / 1000) FROM task_progress, "
        "jsonb_each_text(begun) AS b WHERE flow = 'engagement' AND b.value IS NOT NULL"
    ).fetchall():
        duck.execute("INSERT INTO begun VALUES ($1, $2, $3)", list(row))
    for row in connection.execute(
        "SELECT day, t.key, p.key::bigint, p.value::bigint FROM late_days, jsonb_each(up_to_place) AS t, "
        "jsonb_each_text(t.value) AS p WHERE flow = 'engagement'"
    ).fetchall():
        duck.execute("INSERT INTO late_days VALUES ($1, $2, $3, $4)", list(row))
