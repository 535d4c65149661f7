"""A Monday morning at 10:20:00, in the second lesson: as many classes as a test wants, written as rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from alerting.limits import Limits
from alerting.rules import RULES
from tests.grafana.conftest import School

NOW: Final = datetime(2026, 3, 2, 10, 20, tzinfo=UTC)
LIMITS: Final = Limits(_env_file=None)
BY_NAME: Final = {rule.name: rule for rule in RULES}
PERIODS: Final = (("09:00", "09:45"), ("10:00", "10:45"))
TERM: Final = {"term_id": "spring", "starts": "2026-02-02", "ends": "2026-06-30"}
Row = dict[str, Any]


def clock(school: School, now: datetime = NOW, *flows: str) -> None:
    """Sets what time it is: the watermark of the flows."""
    school.empty("task_progress")
    marks = {"clickstream_events": round(now.timestamp() * 1000)}
    rows = [
        {"flow": flow, "task": 0, "offsets": {"clickstream_events": 9}, "watermarks": marks}
        for flow in flows or ("engagement", "content", "memory")
    ]
    school.put(task_progress=rows)


def lessons(class_id: str, weekday: int = 1) -> list[Row]:
    return [{"class_id": class_id, "weekday": weekday, "starts": s, "ends": e} for s, e in PERIODS]


def people(
    class_id: str, *, active: int = 0, idle: int = 0, absent: int = 0, now: datetime = NOW
) -> dict[str, list[Row]]:
    """Returns the enrolments and states of a class: so many active, idle since 310 s, and never seen."""
    seen = [("active", n, 20) for n in range(active)] + [("idle", n, 310) for n in range(idle)]
    states = [
        {
            "student_id": f"{class_id}-{kind}-{n}",
            "task": 0,
            "role": "student",
            "class_id": class_id,
            "last_event_at": now - timedelta(seconds=ago),
            "last_interaction_at": now - timedelta(seconds=ago),
            "last_event_name": "page_view",
        }
        for kind, n, ago in seen
    ]
    ids = [str(state["student_id"]) for state in states] + [f"{class_id}-absent-{n}" for n in range(absent)]
    enrolled = [{"student_id": one, "course_id": "math", "class_id": class_id} for one in ids]
    return {"student_state": states, "enrolments": enrolled}


def window(class_id: str, at: datetime, students: int) -> Row:
    return {
        "window_start": at,
        "scope": "class",
        "scope_id": class_id,
        "task": 0,
        "events": students,
        "active_students": students,
        "active_5m": students,
    }


def minutes(class_id: str, *students: int, now: datetime = NOW) -> list[Row]:
    """Returns windows of whole minutes, the last of which ends now: of how many students anything came in each."""
    last = now - timedelta(minutes=1)
    return [
        window(class_id, last - timedelta(minutes=n), count)
        | {"active_5m": max(students[max(0, len(students) - n - 5) : len(students) - n])}
        for n, count in enumerate(reversed(students))
    ]


def put_class(
    school: School,
    class_id: str,
    *,
    before: int | None = None,
    usual: tuple[int, ...] = (),
    active: int = 0,
    idle: int = 0,
    absent: int = 0,
) -> None:
    """Adds a class with its timetable, its people, what it was five minutes ago and in earlier weeks."""
    windows = [] if before is None else [window(class_id, NOW - timedelta(minutes=5), before)]
    windows += [window(class_id, NOW - timedelta(weeks=n, minutes=1), seen) for n, seen in enumerate(usual, 1)]
    school.put(
        classes=[{"class_id": class_id, "title": f"Class {class_id}", "grade": "7"}],
        periods=lessons(class_id),
        activity_windows=windows,
        **people(class_id, active=active, idle=idle, absent=absent),
    )


def idle_in_earlier_weeks(school: School, class_id: str, *counts: int, ago: tuple[int, ...] = (1, 2)) -> None:
    """Adds how many were idle beside eight active ones at this time of earlier weeks."""
    for week, idle in zip(ago, counts or (4, 2), strict=True):
        then = NOW - timedelta(weeks=week, minutes=2)
        school.put(
            engagement_scores=[_score(f"{class_id}-{n}", class_id, then) for n in range(8 + idle)],
            activity_windows=[window(class_id, then, 8)],
        )


def _score(student: str, class_id: str, at: datetime) -> Row:
    parts = dict.fromkeys(("score", "recency", "intensity", "duration", "streak"), 0.5)
    return {"time": at, "student_id": student, "class_id": class_id, **parts}


def firing(school: School, rule: str) -> dict[Any, float | None]:
    """Returns the value by class (or by all ids), from the SQL exactly as Grafana sends it."""
    rows = school.ask(BY_NAME[rule].condition(LIMITS))
    return {row[:-1] if len(row) > 2 else row[0]: row[-1] for row in rows}


def word(school: School, rule: str, column: str) -> dict[Any, str]:
    """Returns one of the rule's words likewise; the last row of the query is no alert's."""
    names, rows = school.answer(BY_NAME[rule].wording(LIMITS))
    ids, place = len(BY_NAME[rule].ids), names.index(column)
    *reported, nobody = rows
    assert set(nobody[:-1]) == {""}
    return {row[:ids] if ids > 1 else row[0]: row[place] for row in reported}


def number(school: School, rule: str, column: str) -> dict[Any, float | None]:
    """Returns one that is a number; None where it is not known."""
    return {who: float(text) if text else None for who, text in word(school, rule, column).items()}
