"""Moodle's log export (Reports › Logs, as csv) as clickstream events."""

from __future__ import annotations

import csv
import io
import re
import uuid
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from cli.formats import Entry, FormatError, Unreadable, open_log
from cli.formats.moodle_names import event_name_of
from cli.formats.moodle_times import parse_time
from dataflows.kafka.peek import time_ms
from dataflows.kafka.topics import CLICKSTREAM

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
NAME_COLUMN: Final = "user full name"
FORWARDED: Final = ("component", "event name", "event context", "description", "origin")
SYSTEM_USER: Final = "-1"

_USER = re.compile(r"\buser with id '(-?\d+)'", re.IGNORECASE)
# "course with id '5'", "course with the id '5'", "course id '5'", "at course: 5": Moodle's plugins word it differently
_COURSE = re.compile(r"\bcourse(?: with)?(?: the)? id '(\d+)'|\bat course: (\d+)")
_MODULE = re.compile(r"\bcourse module (?:with )?id '(\d+)'")
_COURSE_CONTEXT = "Course: "
_USER_CONTEXT = "User: "

Row = dict[str, str]


def read_moodle(path: Path, timezone: str = "UTC", class_id: str | None = None) -> Iterator[Entry | Unreadable]:
    """Yields an entry for each row of a Moodle log export (English column names, plain or gzip).

    A row's `event_id` is a uuid5 of its content and of its ordinal among identical rows of the file: the export
    is exact to the minute, so equal rows are separate actions.

    Args:
        path: The export.
        timezone: The zone in which the export's `Time` was written; a column `ts` is UTC.
        class_id: The class of rows that have no column `file`.

    Raises:
        FormatError: If the columns are not those of a Moodle log.
    """
    rows = list(_rows(path))
    names = _ids_by_name(row for row in rows if isinstance(row, dict))
    zone = ZoneInfo(timezone)
    seen: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        if isinstance(row, Unreadable):
            yield row
            continue
        content = tuple(row.get(name, "") for name in (*COLUMNS, NAME_COLUMN))
        ordinal = seen[content]
        seen[content] += 1
        event_id = uuid.uuid5(NAMESPACE, "\x1f".join((*content, str(ordinal))))
        yield to_entry(row, str(event_id), zone, names, class_id)


def to_entry(
    row: Row, event_id: str, zone: tzinfo, names: dict[str, str] | None = None, class_id: str | None = None
) -> Entry:
    """Returns the clickstream event of one row; what the row lacks is left out, for the decoder to judge.

    Args:
        row: The row by lower-case column name.
        event_id: Its identity.
        zone: The zone of the column `time`.
        names: User ids by full name, for exports without a column `user`.
        class_id: The class where the row names none.
    """
    student = _student(row, names or {})
    moment = _event_ms(row, zone)
    description = row.get("description", "")
    context = row.get("event context", "")
    event: dict[str, Any] = {"event_id": event_id}
    if student:
        event["student_id"] = student
    event["role"] = "system" if student == SYSTEM_USER else "student"
    event["event_name"] = event_name_of(row.get("event name", ""))
    timestamp: int | str = moment if moment is not None else row.get("time") or row.get("ts", "")
    if timestamp:
        event["timestamp"] = timestamp
    for field, value in (
        ("class_id", row.get("file") or class_id),
        ("course_id", _course(description, context)),
        ("chapter_id", _chapter(row.get("cmid"), description)),
    ):
        if value:
            event[field] = value
    event["metadata"] = {
        name.replace(" ", "_"): row[name]
        for name in FORWARDED
        # "User: Ada Lovelace" is a person's name
        if row.get(name) and not (name == "event context" and context.startswith(_USER_CONTEXT))
    }
    return Entry(CLICKSTREAM, moment, student.encode() if student else None, msgspec.json.encode(event))


def _rows(path: Path) -> Iterator[Row | Unreadable]:
    with open_log(path) as raw, io.TextIOWrapper(raw, "utf-8-sig", errors="surrogateescape", newline="") as text:
        reader = csv.reader(text)
        columns = [name.strip().lower() for name in next(reader, [])]
        if "event name" not in columns or not {"time", "ts"} & set(columns):
            message = f"{path} is no Moodle log: it has the columns {columns}, not Time and Event name"
            raise FormatError(message)
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Unreadable(line, f"not csv: {error}")
                continue
            except (EOFError, OSError, zlib.error) as error:
                yield Unreadable(line, f"the file breaks off: {error}")
                return
            if fields:
                yield _row(columns, fields, line)


def _row(columns: list[str], fields: list[str], line: int) -> Row | Unreadable:
    if len(fields) != len(columns):
        return Unreadable(line, f"{len(fields)} fields, not {len(columns)}")
    if any("\udc80" <= mark <= "\udcff" for field in fields if not field.isascii() for mark in field):
        return Unreadable(line, "not UTF-8")
    return dict(zip(columns, fields, strict=True))


def _ids_by_name(rows: Iterator[Row]) -> dict[str, str]:
    """Full name → id, learnt from the descriptions of this file; a name of two users is left out."""
    ids: dict[str, set[str]] = {}
    for row in rows:
        name = row.get(NAME_COLUMN, "")
        if name and "user" not in row and (match := _USER.search(row.get("description", ""))):
            ids.setdefault(name, set()).add(match.group(1))
    return {name: found.pop() for name, found in ids.items() if len(found) == 1 and name != "-"}


def _student(row: Row, names: dict[str, str]) -> str:
    if "user" in row:
        return row["user"].strip()
    match = _USER.search(row.get("description", ""))
    return match.group(1) if match else names.get(row.get(NAME_COLUMN, ""), "")


def _course(description: str, context: str) -> str | None:
    match = _COURSE.search(description)
    if match:
        return match.group(1) or match.group(2)
    return context.removeprefix(_COURSE_CONTEXT).strip() if context.startswith(_COURSE_CONTEXT) else None


def _chapter(cmid: str | None, description: str) -> str | None:
    if cmid is None:
        match = _MODULE.search(description)
        cmid = match.group(1) if match else ""
    return f"cm{cmid.strip()}" if cmid.strip() else None


def _event_ms(row: Row, zone: tzinfo) -> int | None:
    if stamp := row.get("ts"):
        try:
            moment = datetime.fromisoformat(stamp)
        except ValueError:
            return None
        return time_ms(round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))
    return parse_time(row.get("time", ""), zone)
