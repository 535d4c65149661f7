"""Visits of a chapter: one that opened a week ago, and one that has been there for long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.alerting.lessons import NOW
from tests.grafana.conftest import School

Row = dict[str, Any]


def visit(student: str, course: str, chapter: str, at: datetime, *, seconds: float, scroll: float | None = None) -> Row:
    return {
        "start_time": at,
        "event_id": f"{student}-{chapter}-{at}",
        "student_id": student,
        "course_id": course,
        "chapter_id": chapter,
        "end_time": at + timedelta(seconds=seconds),
        "time_spent_seconds": seconds,
        "raw_seconds": seconds,
        "scroll_depth": scroll,
        "idle_capped": False,
        "source": "clickstream",
        "task": 0,
    }


def reads(
    school: School,
    class_id: str,
    *,
    worked: int,
    idle: int,
    course: str = "math",
    opened_days: float | None = 7,
    seconds: float = 1,
    scroll: float | None = 50,
    visited_days: float = 1,
) -> list[str]:
    """Adds a class of whom so many worked on the chapter Poetry, which opened so many days ago."""
    ids = [f"{class_id}-{n}" for n in range(worked + idle)]
    opened = None if opened_days is None else NOW - timedelta(days=opened_days)
    item = {"course_id": course, "item_id": "poetry", "kind": "chapter", "title": "Poetry", "expected_seconds": 400}
    school.put(
        classes=[{"class_id": class_id}],
        enrolments=[{"student_id": one, "course_id": course, "class_id": class_id} for one in ids],
        content_items=[{**item, "available_from": opened}],
        chapter_visit_facts=[
            visit(one, course, "poetry", NOW - timedelta(days=visited_days), seconds=seconds, scroll=scroll)
            for one in ids[:worked]
        ],
    )
    return ids


def paces(
    school: School,
    class_id: str,
    *,
    minutes: float,
    usual: float,
    course: str = "math",
    students: int = 10,
    earlier: int = 10,
    days: float = 8,
    recent_days: float = 6,
    opened_days: float | None = None,
) -> None:
    """Adds a class that takes so many minutes for the chapter Drama; others took so many, so many days ago."""
    ids = [f"{class_id}-{n}" for n in range(students)]
    then, lately = NOW - timedelta(days=days), NOW - timedelta(days=recent_days)
    opened = None if opened_days is None else NOW - timedelta(days=opened_days)
    item = {"course_id": course, "item_id": "drama", "kind": "chapter", "title": "Drama", "available_from": opened}
    visits = [visit(f"other-{n}", course, "drama", then, seconds=60 * usual) for n in range(earlier)]
    visits += [visit(one, course, "drama", lately, seconds=60 * minutes) for one in ids]
    school.put(
        classes=[{"class_id": class_id}],
        enrolments=[{"student_id": one, "course_id": course, "class_id": class_id} for one in ids],
        content_items=[item],
        chapter_visit_facts=visits,
    )
