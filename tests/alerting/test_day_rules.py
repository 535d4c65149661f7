"""The rules of a day, which go out with the digest, on both sides of every threshold and guard."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.alerting.lessons import NOW, TERM, clock, firing, lessons, number
from tests.alerting.test_learning_rules import enrol
from tests.grafana.conftest import School

BEGAN = NOW.replace(minute=0)


def session(student: str, start: datetime, minutes: float) -> dict[str, object]:
    return {
        "session_start": start,
        "student_id": student,
        "session_id": f"{student}-{start}",
        "session_end": start + timedelta(minutes=minutes),
        "duration_seconds": 60 * minutes,
        "events": 1,
        "pages": 1,
        "is_bounce": False,
        "task": 0,
    }


def lesson(
    school: School, students: int, came: int, *, at: float = 5, minutes: float = 20, class_id: str = "7B"
) -> None:
    ids = enrol(school, class_id, students)
    school.put(periods=lessons(class_id))
    start = BEGAN + timedelta(minutes=at)
    school.put(sessions_closed=[session(one, start, minutes) for one in ids[:came]])


@pytest.mark.parametrize(("students", "came", "expected"), [(8, 8, 0), (8, 7, 1), (7, 6, 0), (8, 0, 0), (8, 1, 1)])
def test_who_has_not_come_after_ten_minutes_is_counted_where_anyone_came(
    school: School, students: int, came: int, expected: int
) -> None:
    lesson(school, students, came)
    assert firing(school, "absent_at_minute_10") == {"7B": expected}
    assert number(school, "absent_at_minute_10", "absent") == {
        "7B": students - came if 0 < came and students > 7 else 0
    }


@pytest.mark.parametrize(
    ("at", "minutes", "worked", "absent"),
    [
        (10, 5, (), 1),
        (10.1, 5, (), 0),
        (0, 0, (), 1),  # who comes anew came with one click
        (-20, 19.9, (), 0),
        (-20, 22, (), 0),  # of who is carried over one click after the bell is none
        (-20, 22, (1,), 0),
        (-20, 24, (1, 3), 1),
        (-20, 24, (-1, 3), 0),
        (-20, 24, (3, 10), 0),
        (-20, 29.9, (), 0),
        (-20, 30, (), 1),  # they stay
    ],
)
def test_present_is_who_came_within_the_first_ten_minutes(
    school: School, at: float, minutes: float, worked: tuple[int, ...], absent: int
) -> None:
    lesson(school, 9, 8, at=at, minutes=minutes)
    scores = [
        {"time": BEGAN + timedelta(minutes=minute), "student_id": f"7B-{n}", "class_id": "7B", "recency": recency}
        | dict.fromkeys(("score", "intensity", "duration", "streak"), 0.5)
        for n in range(8)
        for minute, recency in [*[(one, 0.819) for one in worked], *[(one + 1, 0.81) for one in worked]]
    ]
    unique = {(row["time"], row["student_id"]): row for row in reversed(scores)}
    school.put(engagement_scores=list(unique.values()))
    assert number(school, "absent_at_minute_10", "absent") == {"7B": absent}  # nobody came: no lesson online


def test_the_lesson_that_most_missed_is_told_until_the_day_is_over(school: School) -> None:
    lesson(school, 10, 9)
    school.put(sessions_open=[session("7B-0", BEGAN - timedelta(minutes=58), 10)])  # alone in the first lesson
    clock(school, NOW.replace(hour=15, minute=30))
    assert number(school, "absent_at_minute_10", "absent") == {"7B": 9}
    assert number(school, "absent_at_minute_10", "period") == {"7B": 1}
    clock(school, BEGAN + timedelta(minutes=9, seconds=59))
    assert number(school, "absent_at_minute_10", "period") == {"7B": 1}
    clock(school, NOW + timedelta(days=1))
    assert firing(school, "absent_at_minute_10") == {"7B": 0}
    school.put(terms=[{**TERM, "ends": "2026-03-01"}])
    clock(school)
    assert firing(school, "absent_at_minute_10") == {"7B": 0}


def views(school: School, students: int, pct: float, *, day: int = 0, class_id: str = "7B") -> None:
    ids = enrol(school, class_id, students)
    school.put(
        video_views=[
            {
                "start_time": NOW - timedelta(hours=1, days=day),
                "student_id": one,
                "video_id": "v",
                "class_id": class_id,
                "watched_seconds": 1,
                "unique_seconds": 1,
                "watch_pct": pct,
                "seeks": 0,
                "rewatched_seconds": 0,
                "completed": False,
                "task": 0,
            }
            for one in ids
        ]
    )


@pytest.mark.parametrize(
    ("students", "pct", "day", "expected"), [(8, 39.9, 0, 1), (8, 40, 0, 0), (7, 10, 0, 0), (8, 10, 1, 0)]
)
def test_videos_call_below_forty_per_cent_of_eight_students_today(
    school: School, students: int, pct: float, day: int, expected: int
) -> None:
    views(school, students, pct, day=day)
    assert firing(school, "video_engagement") == {"7B": expected}


def due(school: School, when: datetime, kind: str = "assignment", course: str = "math") -> None:
    school.put(content_items=[{"course_id": course, "item_id": "essay", "kind": kind, "due_at": when}])


@pytest.mark.parametrize(
    ("hours", "rows"),
    [
        (13.6, {("7B", "", ""): 0}),  # tonight
        (13.7, {("7B", "math", "essay"): 1}),
        (37.6, {("7B", "math", "essay"): 1}),
        (37.7, {("7B", "", ""): 0}),  # the day after tomorrow
    ],
)
def test_what_is_due_on_the_next_day_is_told(school: School, hours: float, rows: dict[object, int]) -> None:
    enrol(school, "7B", 3)
    due(school, NOW + timedelta(hours=hours))
    assert firing(school, "due_tomorrow") == rows


def test_who_handed_it_in_is_counted_no_more(school: School) -> None:
    ids = enrol(school, "7B", 3)
    due(school, NOW + timedelta(days=1))
    hand_in(school, *ids[:2])
    assert number(school, "due_tomorrow", "missing") == {("7B", "math", "essay"): 1}
    hand_in(school, ids[2])
    assert firing(school, "due_tomorrow") == {("7B", "math", "essay"): 0}


def hand_in(school: School, *students: str, course: str = "math") -> None:
    row = {"event_time": NOW, "kind": "assignment_submit", "course_id": course, "item_id": "essay"}
    school.put(milestones=[{**row, "event_id": one, "student_id": one} for one in students])


def test_a_module_that_is_due_is_nothing_to_hand_in(school: School) -> None:
    enrol(school, "7B", 3)
    due(school, NOW + timedelta(days=1), "module")
    assert firing(school, "due_tomorrow") == {("7B", "", ""): 0}
