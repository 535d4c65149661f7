"""The school's roster as csv files for `classpulse roster load`, one a table."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from simulation.school import School
from simulation.timetable import LESSONS, period_at, subject_of

WEEKDAYS = range(1, 8)


def write_roster(school: School, folder: Path, start_ms: int, timezone: str = "UTC") -> list[Path]:
    """Writes classes, staff, students' names, enrolments, terms and the timetable; returns the files.

    Args:
        school: Whose roster.
        folder: Made if it does not exist.
        start_ms: When the first lesson begins, epoch milliseconds: the timetable counts from there, every day.
        timezone: The zone of the timetable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    begins = datetime.fromtimestamp(start_ms / 1000, tz=UTC).astimezone(ZoneInfo(timezone))
    files: dict[str, tuple[Sequence[str], Iterable[Sequence[object]]]] = {
        "classes": (
            ("class_id", "title", "grade", "idle_after_s"),
            ((group.class_id, f"Class {group.class_id}", group.grade, 300) for group in school.classes),
        ),
        "class_staff": (
            ("class_id", "staff_id", "channel", "address"),
            (
                (group.class_id, f"t{number:03d}", "email", f"t{number:03d}@school.example")
                for number, group in enumerate(school.classes, 1)
            ),
        ),
        "directory": (
            ("student_id", "display_name"),
            ((student.student_id, student.name) for group in school.classes for student in group.students),
        ),
        "enrolments": (("student_id", "course_id", "class_id", "enrolled_at", "role"), _enrolments(school, begins)),
        "terms": (
            ("term_id", "starts", "ends"),
            [("term-1", (begins - timedelta(days=60)).date(), (begins + timedelta(days=120)).date())],
        ),
        "periods": (("class_id", "weekday", "starts", "ends", "subject_id"), _periods(school, begins)),
    }
    return [write_csv(folder / f"{name}.csv", head, rows) for name, (head, rows) in files.items()]


def _enrolments(school: School, begins: datetime) -> Iterable[Sequence[object]]:
    since = (begins - timedelta(days=30)).astimezone(UTC).isoformat(timespec="seconds")
    for group in school.classes:
        for student in group.students:
            for chapters in group.courses.values():
                yield student.student_id, chapters[0].course_id, group.class_id, since, "student"


def _periods(school: School, begins: datetime) -> Iterable[Sequence[object]]:
    since_ms = 0
    for _ in range(LESSONS):
        period = period_at(since_ms)
        starts = begins + timedelta(milliseconds=period.starts_ms)
        ends = begins + timedelta(milliseconds=period.ends_ms)
        since_ms = period_at(period.ends_ms).ends_ms
        if ends.date() != starts.date():
            # a timetable knows no lesson over midnight
            ends = datetime.combine(starts.date(), time(23, 59), starts.tzinfo)
        if f"{ends:%H:%M}" <= f"{starts:%H:%M}":
            continue
        for number, group in enumerate(school.classes):
            subject = subject_of(school, number, period)
            for weekday in WEEKDAYS:
                yield group.class_id, weekday, f"{starts:%H:%M}", f"{ends:%H:%M}", subject


def write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Writes a csv file; returns its path."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
    return path
