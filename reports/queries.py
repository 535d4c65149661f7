"""A class's answers: the SQL of the committed panels, asked as the teachers' reader, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg

from dataflows.errors import UserError
from grafana import committed
from grafana.macros import expanded

READER: Final = committed.READERS["Teaching"]
SECTIONS: Final = (
    ("overview", "Classes"),
    ("overview", "Who may be lost, and why"),
    ("overview", "Risk matrix"),
    ("overview", "Chapters that students leave"),
    ("overview", "How assessments went"),
    ("memory", "Classes and modules at risk"),
    ("memory", "Failed in the last seven days"),
    ("overview", "Forum posts, day by day"),
)
"""Board and panel; the order of the report."""

IDS: Final = {"student_id", "class_id", "module"}
"""Columns that panels carry for their links only."""

Value = Any


class ReportError(UserError):
    """No report can be made; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Section:
    """What one panel answered.

    Attributes:
        title: The panel's title.
        says: Its description: what the numbers mean.
        columns: Names of the columns.
        units: Unit of each column, as the panel has it; empty where it has none.
        rows: The values.
    """

    title: str
    says: str
    columns: list[str]
    units: list[str]
    rows: list[tuple[Value, ...]]

    def column(self, name: str) -> list[Value]:
        """Returns a column's values."""
        return [row[self.columns.index(name)] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Report:
    """A class, a time, and the sections.

    Attributes:
        class_id: The class.
        title: What it is called.
        since: When the time begins.
        until: When it ends.
        as_of: Up to when the data are.
        zone: The school's time zone.
        named: Whether students are named.
        sections: By title.
    """

    class_id: str
    title: str
    since: datetime
    until: datetime
    as_of: datetime | None
    zone: ZoneInfo
    named: bool
    sections: dict[str, Section]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a report is about.

    Attributes:
        class_id: The class.
        since: The first day; None: `days` days before the end.
        until: The last day; None: the time ends now.
        days: How long the time is where it has no first day.
        named: Whether students are named; else they are numbered.
    """

    class_id: str
    since: date | None = None
    until: date | None = None
    days: int = 28
    named: bool = False


def ask(connection: psycopg.Connection[Any], choice: Choice) -> Report:
    """Asks everything about a class, in one snapshot of the database.

    Raises:
        ReportError: The login may not read as a teacher, there is no such class, or the time is empty.
    """
    _become_reader(connection)
    now, zone_name = _one(connection, "SELECT classpulse_now(), classpulse_timezone()")
    zone = ZoneInfo(zone_name)
    end = datetime.combine(choice.until + timedelta(days=1), time(), zone) if choice.until else now
    start = datetime.combine(choice.since, time(), zone) if choice.since else end - timedelta(days=choice.days)
    if start >= end:
        message = "the time is empty: --from lies after its end"
        raise ReportError(message)
    known, title = _one(connection, "SELECT count(*), max(title) FROM class_list WHERE class_id = %s", choice.class_id)
    if not known:
        message = f"there is no class {choice.class_id}: the id is asked for, as the roster has it"
        raise ReportError(message)
    [as_of] = _one(connection, "SELECT min(as_of) FROM data_freshness WHERE flow IN ('engagement', 'content')")
    sections = _sections(connection, choice.class_id, (start, end))
    if not choice.named:
        sections = _numbered(sections)
    found = {each.title: each for each in sections}
    return Report(choice.class_id, title or choice.class_id, start, end, as_of, zone, choice.named, found)


def _become_reader(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SET default_transaction_isolation = 'repeatable read'")
    connection.execute("SET default_transaction_read_only = on")
    connection.commit()
    try:
        connection.execute(f"SET ROLE {READER}".encode())
    except psycopg.errors.InsufficientPrivilege as error:
        message = f"this login may not read as {READER}: GRANT {READER} TO it, or set DATABASE_URL to one that may"
        raise ReportError(message) from error
    except psycopg.errors.InvalidParameterValue as error:
        message = f"there is no role {READER} here: run `classpulse migrate` first"
        raise ReportError(message) from error


def _sections(connection: psycopg.Connection[Any], class_id: str, span: tuple[datetime, datetime]) -> list[Section]:
    [courses] = _one(
        connection,
        "SELECT coalesce(array_agg(DISTINCT c), '{}') FROM class_students, unnest(course_ids) c WHERE class_id = %s",
        class_id,
    )
    chosen = {"class": [class_id]}
    found = []
    for board, title in SECTIONS:
        # what a panel shows of all classes at once is narrowed to the courses of this one
        narrowed = chosen | {"course": courses} if title == "Chapters that students leave" and courses else chosen
        sql = expanded(committed.statement(board, title), narrowed, time_range=span)
        found.append(_answered(connection.execute(sql.encode()), committed.panel(board, title)))
    return found


def _answered(cursor: psycopg.Cursor[Any], panel: dict[str, Any]) -> Section:
    names = [column.name for column in cursor.description or []]
    rows = [tuple(float(value) if isinstance(value, Decimal) else value for value in row) for row in cursor.fetchall()]
    units = _units(panel)
    return Section(panel["title"], panel["description"], names, [units.get(name, units[""]) for name in names], rows)


def _units(panel: dict[str, Any]) -> dict[str, str]:
    """Returns the unit of each column that has one of its own, and under the empty name that of all others."""
    config = panel["fieldConfig"]
    units = {"": str(config["defaults"].get("unit") or "")}
    for override in config["overrides"]:
        name = override["matcher"]["options"]
        for each in override["properties"]:
            if each["id"] == "unit":
                units[name] = each["value"]
    return units


def _numbered(sections: list[Section]) -> list[Section]:
    """Returns the sections with numbers for students, the same number wherever the student appears."""
    numbers: dict[str, str] = {}
    changed = []
    for section in sections:
        if {"Student", "student_id"} <= set(section.columns):
            name, key = section.columns.index("Student"), section.columns.index("student_id")
            rows = []
            for row in section.rows:
                number = numbers.setdefault(row[key], f"Student {len(numbers) + 1}")
                rows.append(tuple(number if place in {name, key} else value for place, value in enumerate(row)))
            section = Section(section.title, section.says, section.columns, section.units, rows)  # noqa: PLW2901
        changed.append(section)
    return changed


def _one(connection: psycopg.Connection[Any], statement: str, *values: object) -> tuple[Any, ...]:
    return tuple(connection.execute(statement.encode(), values).fetchone() or ())
