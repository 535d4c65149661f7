"""A real course's Moodle log up to a busy lesson, with the roster, the timetable and the chapters that it tells of."""

from __future__ import annotations

import csv
import gzip
import json
import re
import tempfile
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from ingest.formats import Entry
from ingest.formats.log import in_time_order, read_log, reader_of
from ingest.formats.moodle.reading import Options
from tests.oracle.reading import Record
from tests.truth.chapters import grouped
from tests.truth.school import World

FILE: Final = "moodle-oop-course.csv.gz"
UNTIL: Final = datetime(2019, 5, 22, 13, 40, tzinfo=UTC)  # in the busiest lesson of all
RUNNING: Final = "1 SP19"
REPEATS: Final = 3
"""Whoever is in more terms than that teaches."""
TOGETHER, WEEKS = 5, 3
"""A lesson is an hour of the week in which so many students of a class worked in so many weeks."""
TEACHING: Final = {
    "Course module updated",
    "Course section updated",
    "User graded",
    "Role assigned",
    "Grading table viewed",
}
TERMS: Final = {
    f"{season} {year}": (date(year, first, 1), date(year + (season == "fall"), last, days))
    for season, first, last, days in (("spring", 3, 7, 31), ("fall", 10, 1, 31))
    for year in (2017, 2018, 2019, 2020)
}
Row = dict[str, Any]


def moodle(folder: Path) -> World:
    """Returns the log and what it tells of the school."""
    reported = [(entry, json.loads(entry.value)) for entry in _terms(folder / FILE)]
    until_ms = round(UNTIL.timestamp() * 1000)
    kept = [(entry, e) for entry, e in reported if entry.event_ms is not None and entry.event_ms <= until_ms]
    records = [
        Record("clickstream_events", 0, offset, entry.event_ms or 0, entry.value, entry.key)
        for offset, (entry, _event) in enumerate(kept)
    ]
    records.append(Record("clickstream_events", 0, len(records), until_ms, None, None, until_ms))
    return World(records, _tables([e for _entry, e in kept if e.get("student_id")]), UNTIL)


def _terms(export: Path) -> list[Entry]:
    """Returns the entries as of an export a term: one term, and all that its students ever did."""
    with gzip.open(export, "rt", encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    term, user = head.index("file"), head.index("user")
    of_user: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        of_user[row[user]].add(row[term])
    students = {one for one, terms in of_user.items() if one and RUNNING in terms and len(terms) <= REPEATS}
    rows = [row for row in rows if row[term] == RUNNING or row[user] in students]
    found: list[Entry] = []
    with tempfile.TemporaryDirectory() as folder:
        for n, (name, some) in enumerate(grouped(({"row": row} for row in rows), lambda r: r["row"][term]).items()):
            one = Path(folder) / f"{n}.csv"
            with one.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([head, *(r["row"] for r in some)])
            ids = Counter(
                re.findall(r"course with id '(\d+)'", " ".join(r["row"][head.index("Description")] for r in some))
            )
            options = Options(course_id=ids.most_common(1)[0][0], class_id=name)
            found += read_log([one], reader_of("moodle", options), newest_first=True).entries
    return in_time_order(found)


def _tables(events: list[Row]) -> dict[str, list[Row]]:
    students = [e for e in events if e["role"] == "student"]
    courses: dict[str, Counter[str]] = defaultdict(Counter)
    staff: set[tuple[str, str]] = set()
    first: dict[tuple[str, str], int] = {}
    chapters: dict[tuple[str, str], Row] = {}
    for e in students:
        place = e["class_id"]
        courses[place].update(filter(None, [e.get("course_id")]))
        if e["metadata"]["event_name"] in TEACHING:
            staff.add((place, e["student_id"]))
        first.setdefault((e["student_id"], place), e["timestamp"])
        if e.get("chapter_id") and e.get("course_id"):
            chapters.setdefault((e["course_id"], e["chapter_id"]), e)
    home = {place: some.most_common(1)[0][0] for place, some in courses.items()}
    taught = {member for _place, member in staff}
    enrolments = {
        (student, home[place]): _enrolment(student, place, home[place], at)
        for (student, place), at in first.items()
        if student not in taught
    }
    return {
        "classes": [{"class_id": c, "title": f"Term {c}", "grade": c[0], "idle_after_s": 600} for c in sorted(home)],
        "class_staff": [{"class_id": c, "staff_id": member} for c, member in sorted(staff)],
        "terms": [{"term_id": name, "starts": starts, "ends": ends} for name, (starts, ends) in TERMS.items()],
        "periods": _periods([e for e in students if e["student_id"] not in taught]),
        "enrolments": list(enrolments.values()),
        "content_items": [
            {
                "course_id": course,
                "item_id": chapter,
                "kind": "assignment" if n % 4 == 3 else "chapter",
                "title": e["metadata"].get("event_context"),
                "position": n,
                "expected_seconds": 30 * (1 + n % 5) if n % 3 else None,
                "pass_mark": None,
                "available_from": _day(e["timestamp"]) if n % 2 else None,
                "due_at": UNTIL - timedelta(days=5 * (n % 4)) if n % 4 == 3 else None,
            }
            for n, ((course, chapter), e) in enumerate(sorted(chapters.items()))
        ],
        **{name: [] for name in ("anomalies", "late_days", "dead_letters")},
        "directory": [{"student_id": s, "display_name": f"Student {s}"} for s, _course in sorted(enrolments)][::2],
    }


def _enrolment(student: str, place: str, course: str, at_ms: int) -> Row:
    at = _day(at_ms)
    ends = next((ends for starts, ends in TERMS.values() if starts <= at.date() <= ends), at.date())
    left = datetime.combine(ends, time(), UTC) + timedelta(days=20)
    return {
        "student_id": student,
        "course_id": course,
        "class_id": place,
        "enrolled_at": at,
        "left_at": left if left <= UNTIL else None,
    }


def _day(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).replace(hour=0, minute=0)


def _periods(students: list[Row]) -> list[Row]:
    together: dict[tuple[str, int, int], dict[tuple[int, int], set[str]]] = defaultdict(lambda: defaultdict(set))
    for e in students:
        at = datetime.fromtimestamp(e["timestamp"] / 1000, UTC)
        year, week, weekday = at.isocalendar()
        together[e["class_id"], weekday, at.hour][year, week].add(e["student_id"])
    return [
        {"class_id": c, "weekday": weekday, "starts": time(hour), "ends": time(hour, 59)}
        for (c, weekday, hour), weeks in sorted(together.items())
        if sum(len(some) >= TOGETHER for some in weeks.values()) >= WEEKS
    ]
