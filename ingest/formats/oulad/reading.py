"""From OULAD's tables to events: registrations, submissions with their scores, clicks by day and site, results.

The dataset tells days since a presentation's start, which is not published: presentations `B` begin in February, `J` in
October, and the first of the month is taken. Within a day nothing is known; each kind of event has its own hour, so
that who registers on the day of a first click registers first.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from ingest.formats import FormatError, Item, Unreadable
from ingest.formats.adapted import items_of
from ingest.formats.adapter import Event, Outcome, Refused, Skipped
from ingest.formats.fields import number_in, without_nothing
from ingest.formats.graded import graded
from ingest.formats.opening import BROKEN
from ingest.formats.oulad.tables import Row, rows_of, tables_in

NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "oulad.classpulse")
_MONTHS: Final = {"B": 2, "J": 10}
_HOURS: Final = {
    "course_enroll": 8,
    "page_view": 12,
    "assignment_submit": 18,
    "course_complete": 20,
    "course_unenroll": 22,
}
_PASSED: Final = frozenset({"Pass", "Distinction"})
BANKED: Final = "a result taken over from an earlier presentation: nothing was handed in"
NOT_PASSED: Final = "a result that is no pass"


def read_oulad(path: Path) -> Iterator[Item]:
    """Yields what the tables of a directory become.

    Raises:
        FormatError: It is no directory of the dataset.
    """
    if not path.is_dir():
        message = f"{path} is a file: --format oulad reads a directory with the dataset's tables"
        raise FormatError(message)
    tables = tables_in(path)
    readings: dict[str, Callable[[Row], Outcome]] = {
        "studentregistration": registered,
        "studentassessment": partial(
            handed_in, {row["id_assessment"]: row for _, row in rows_of(tables, "assessment")}
        ),
        "studentvle": partial(clicked, {row["id_site"]: row for _, row in rows_of(tables, "vle")}),
        "student": partial(finished, {_presentation(row): row for _, row in rows_of(tables, "course")}),
    }
    for name, events in readings.items():
        line = 0
        try:
            for line, row in rows_of(tables, name):
                yield from items_of(line, f"{name}", events(row))
        except BROKEN as error:
            yield Unreadable(line, f"{tables[name].name} breaks off: {error}")


def registered(row: Row) -> Outcome:
    """Returns a registration, and a withdrawal where there was one.

    Example:
        >>> row = {"code_module": "AAA", "code_presentation": "2013J", "id_student": "7", "date_registration": "-20"}
        >>> [event] = registered({**row, "date_unregistration": ""})
        >>> event["event_name"], event["class_id"], event["timestamp"] == day_ms("2013J", -20, 8)
        ('course_enroll', 'AAA 2013J', True)
    """
    events = [
        made
        for name, column in (("course_enroll", "date_registration"), ("course_unenroll", "date_unregistration"))
        if (day := number_in(row.get(column))) is not None and (made := _event(row, row, name, day, name))
    ]
    if not events:
        return Refused("missing_field", "date_registration", "the registration has no day of the presentation")
    return events


def handed_in(tasks: dict[str, Row], row: Row) -> Outcome:
    """Returns a submission, and its score as an attempt."""
    task = tasks.get(row["id_assessment"])
    if task is None:
        return Refused("missing_field", "id_assessment", f"the assessment {row['id_assessment']} is in no table")
    if row.get("is_banked", "").lower() in {"1", "true"}:
        return Skipped(BANKED)
    day = number_in(row["date_submitted"])
    what: Event = {"assessment_id": row["id_assessment"], "metadata": {"score": number_in(row.get("score"))}}
    what["metadata"] |= {"assessment_type": task.get("assessment_type")}
    event = _event(row, task, "assignment_submit", day, row["id_assessment"], **what) if day is not None else None
    if event is None:
        return Refused("bad_timestamp", "date_submitted", f"{row['date_submitted']!r} is no day of the presentation")
    return [event, graded(event)] if "score" in event["metadata"] else [event]


def clicked(sites: dict[str, Row], row: Row) -> Outcome:
    """Returns a student's clicks of one day on one site, as one view with their number."""
    day = number_in(row["date"])
    kind = sites.get(row["id_site"], {}).get("activity_type")
    what: Event = {"chapter_id": row["id_site"], "metadata": {"clicks": number_in(row["sum_click"]), "site": kind}}
    event = _event(row, row, "page_view", day, row["id_site"], **what) if day is not None else None
    return [event] if event else Refused("bad_timestamp", "date", f"{row['date']!r} is no day of the presentation")


def finished(courses: dict[str, Row], row: Row) -> Outcome:
    """Returns the end of a course that was passed, on the presentation's last day."""
    length = number_in(courses.get(_presentation(row), {}).get("module_presentation_length"))
    if row["final_result"] not in _PASSED or length is None:
        return Skipped(NOT_PASSED)
    event = _event(row, row, "course_complete", length, row["final_result"])
    return [event] if event else Refused("bad_timestamp", "code_presentation", "no presentation of a known month")


def day_ms(presentation: str, day: float, hour: int) -> int | None:
    """Returns an hour of a day of a presentation, epoch milliseconds; None of one whose month is not known.

    Example:
        >>> datetime.fromtimestamp((day_ms("2014B", 2, 12) or 0) / 1000, UTC).isoformat()
        '2014-02-03T12:00:00+00:00'
    """
    month = _MONTHS.get(presentation[-1:])
    if month is None or not presentation[:-1].isdigit():
        return None
    start = datetime(int(presentation[:-1]), month, 1, hour, tzinfo=UTC)
    return round((start + timedelta(days=int(day))).timestamp() * 1000)


def _event(row: Row, place: Row, name: str, day: float, words: str, **what: Any) -> Event | None:  # noqa: ANN401
    moment = day_ms(place["code_presentation"], day, _HOURS[name])
    if moment is None:
        return None
    ids = "|".join((name, place["code_module"], place["code_presentation"], row["id_student"], words, str(int(day))))
    what["metadata"] = without_nothing(what.get("metadata", {}))
    return without_nothing(
        {
            "event_id": str(uuid.uuid5(NAMESPACE, ids)),
            "student_id": row["id_student"],
            "event_name": name,
            "timestamp": moment,
            "class_id": _presentation(place),
            "course_id": place["code_module"],
            **what,
        }
    )


def _presentation(row: Row) -> str:
    return f"{row['code_module']} {row['code_presentation']}"
