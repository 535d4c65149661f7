"""From the rows of Moodle's log export to clickstream events.

The file is read twice: once to learn what no row says alone (whose name has which id, which title and which module
belong to which course, whether dates begin with the day), and once to make the events. So it need not fit into memory.
"""

from __future__ import annotations

import csv
import io
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from dataflows.events.text import tidy
from dataflows.kafka.peek import time_ms
from dataflows.kafka.topics import CLICKSTREAM
from ingest.formats import LARGEST, Entry, FormatError, Unreadable, too_large
from ingest.formats.moodle.columns import STANDARD, named
from ingest.formats.moodle.courses import Courses, module_of
from ingest.formats.moodle.names import event_name_of
from ingest.formats.moodle.people import NAME_COLUMN, SYSTEM_USER, People
from ingest.formats.moodle.times import DateOrder, Dates, parse_time
from ingest.formats.opening import BROKEN, head_of, open_text

__all__ = ["SYSTEM_USER", "Options", "read_moodle"]

NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "moodle.classpulse")
# the columns that are used and forwarded; names of people, addresses and whatever else there is stay behind
COLUMNS: Final = (
    "time",
    "ts",
    "user",
    "event context",
    "component",
    "event name",
    "description",
    "origin",
    "file",
    "cmid",
)
FORWARDED: Final = ("component", "event name", "event context", "description", "origin")
SAMPLE: Final = 50

# a context that is named after a person
_USER_CONTEXTS: Final = frozenset(
    {
        "user",
        "nutzer/in",
        "nutzer",
        "benutzer",
        "benutzer/in",
        "person",
        "utilisateur",
        "usuario",
        "utente",
        "utilizador",
    }
    | {"usuário", "gebruiker", "användare"}
)

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Options:
    """What the person who replays a log may know of it.

    Attributes:
        timezone: The zone in which the export's `Time` was written; a column `ts` is UTC.
        class_id: The class of rows that have no column `file`.
        course_id: The course of rows that name none by its id.
        date_order: Which number of a date comes first, where the file does not tell.
        year: The year of dates that have none.
    """

    timezone: str = "UTC"
    class_id: str | None = None
    course_id: str | None = None
    date_order: DateOrder | None = None
    year: int | None = None


@dataclass(slots=True)
class _Learnt:
    """What all rows of a file say together."""

    english: bool
    dates: Dates
    courses: Courses
    people: People = field(default_factory=People)
    names: set[str] = field(default_factory=set)


def read_moodle(path: Path, options: Options | None = None) -> Iterator[Entry | Unreadable]:
    """Yields an entry for each row of a Moodle log export, plain or packed, in any of many languages.

    A row's `event_id` is a uuid5 of its content and of its ordinal among identical rows of the file: the export
    is exact to the minute, so equal rows are separate actions.

    Raises:
        FormatError: If the columns are not those of a Moodle log, or its dates cannot be told.
    """
    options = options or Options()
    layout = _layout(path)
    learnt = _Learnt(layout.english, Dates(options.date_order, options.year), Courses(options.course_id))
    for _line, row in _rows(path, layout):
        if not isinstance(row, Unreadable):
            _learn(learnt, row)
    order, year = learnt.dates.decided(str(path))
    zone = ZoneInfo(options.timezone)
    seen: Counter[tuple[str, ...]] = Counter()
    for line, row in _rows(path, layout):
        if isinstance(row, Unreadable):
            yield row
            continue
        content = tuple(row.get(name, "") for name in (*COLUMNS, NAME_COLUMN))
        ordinal = seen[content]
        seen[content] += 1
        event_id = str(uuid.uuid5(NAMESPACE, "\x1f".join((*content, str(ordinal)))))
        entry = _entry(row, event_id, _event_ms(row, zone, order, year), learnt, options.class_id)
        yield too_large(line, len(entry.value)) if len(entry.value) > LARGEST else entry


def _learn(learnt: _Learnt, row: Row) -> None:
    learnt.people.learn(row)
    learnt.courses.learn(row)
    if not row.get("ts"):
        learnt.dates.learn(row.get("time", ""))
    learnt.names.update(tidy(row.get(column, "")) for column in (NAME_COLUMN, "affected user"))


def _entry(row: Row, event_id: str, moment: int | None, learnt: _Learnt, class_id: str | None) -> Entry:
    """Returns the clickstream event of one row; what the row lacks is left out, for the decoder to judge."""
    person = learnt.people.of(row)
    context, description = row.get("event context", ""), row.get("description", "")
    event: dict[str, Any] = {"event_id": event_id}
    if person.student:
        event["student_id"] = person.student
    event["role"] = person.role
    event["event_name"] = event_name_of(row.get("event name", ""), None if learnt.english else description)
    timestamp: int | str = moment if moment is not None else row.get("time") or row.get("ts", "")
    if timestamp:
        event["timestamp"] = timestamp
    chapter = (module := module_of(row)) and f"cm{module}"
    is_assessed = event["event_name"].startswith(("assignment_", "quiz_"))
    for name, value in (
        ("class_id", row.get("file") or class_id),
        ("course_id", learnt.courses.of(row)),
        ("chapter_id", chapter),
        ("assessment_id", is_assessed and chapter),
    ):
        if value:
            event[name] = value
    prefix, _colon, title = context.partition(":")
    personal = prefix.strip().lower() in _USER_CONTEXTS or (title.strip() and title.strip() in learnt.names)
    event["metadata"] = {
        name.replace(" ", "_"): row[name]
        for name in FORWARDED
        # "User: Ada Lovelace" is a person's name
        if row.get(name) and not (name == "event context" and personal)
    }
    key = person.student.encode() if person.student else None
    return Entry(CLICKSTREAM, moment, key, msgspec.json.encode(event), person.remark)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a file is laid out: what parts its fields, its columns in English, and whether they are English in it."""

    delimiter: str
    columns: list[str]
    english: bool


def _layout(path: Path) -> _Layout:
    head = head_of(path)
    delimiter = _delimiter(head)
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    header = _header(reader)
    columns = named(header, [fields for _line, fields in islice(_lines(reader), SAMPLE) if isinstance(fields, list)])
    if "event name" not in columns or not {"time", "ts"} & set(columns):
        message = (
            f"{path} is no Moodle log: it has the columns {', '.join(header)[:200] or 'none'}; expected are "
            f"{', '.join(STANDARD)} (in English, or as Moodle calls them in other languages)"
        )
        raise FormatError(message)
    return _Layout(delimiter, columns, "event name" in [tidy(name).lower() for name in header])


def _rows(path: Path, layout: _Layout) -> Iterator[tuple[int, Row | Unreadable]]:
    """Yields the rows by English column name, each with its line."""
    with open_text(path) as text:
        reader = csv.reader(text, delimiter=layout.delimiter)
        _header(reader)
        for line, fields in _lines(reader):
            yield line, fields if isinstance(fields, Unreadable) else _row(layout.columns, fields, line)


def _delimiter(head: str) -> str:
    """Returns what parts the fields of the header: the mark that is there most often."""
    first = head.lstrip("\ufeff\r\n ").splitlines()[:1] or [""]
    if first[0].lower().startswith("sep=") and len(first[0]) > len("sep="):
        return first[0][len("sep=")]
    return max(",;\t|", key=first[0].count)


def _header(reader: Any) -> list[str]:  # noqa: ANN401 (csv has no name for it)
    for fields in reader:
        if any(fields) and not fields[0].lower().startswith("sep="):
            return list(fields)
    return []


def _lines(reader: Any) -> Iterator[tuple[int, list[str] | Unreadable]]:  # noqa: ANN401
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, Unreadable(line, f"not csv: {error}")
            continue
        except (*BROKEN, UnicodeDecodeError) as error:
            yield line, Unreadable(line, f"the file breaks off: {error}")
            return
        if fields:
            yield line, fields


def _row(columns: list[str], fields: list[str], line: int) -> Row | Unreadable:
    if len(fields) != len(columns):
        return Unreadable(line, f"{len(fields)} fields, not {len(columns)}")
    if any("\udc80" <= mark <= "\udcff" for field in fields if not field.isascii() for mark in field):
        return Unreadable(line, "not UTF-8")
    return dict(zip(columns, fields, strict=True))


def _event_ms(row: Row, zone: tzinfo, order: DateOrder, year: int | None) -> int | None:
    if stamp := row.get("ts"):
        try:
            moment = datetime.fromisoformat(stamp)
        except ValueError:
            return None
        return time_ms(round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))
    return parse_time(row.get("time", ""), zone, order, year)
