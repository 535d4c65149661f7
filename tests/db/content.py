"""A day written out: what the content flow would have stored of five students, and what came of it by hand.

Course `algebra` has the chapters a1 (expected 100 s), a2 and a3, and a quiz; `history` has h1. The day is Monday,
2 March 2026; NOW is 10:00:20. Times are minutes after 08:00.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.db.conftest import NOW, Database

EIGHT = NOW.replace(hour=8, minute=0, second=0)
_NUMBER = count()


def at(minutes: float, *, days: float = 0) -> datetime:
    """Returns an instant after 08:00 of the day, or of another day."""
    return EIGHT + timedelta(minutes=minutes, days=days)


def session(student: str, start: datetime, seconds: float, **columns: Any) -> dict[str, Any]:
    """Returns a row of `sessions_closed` or `sessions_open`."""
    return {
        "session_start": start,
        "student_id": student,
        "session_id": f"s-{student}-{start:%d%H%M}",
        "class_id": "7B",
        "session_end": start + timedelta(seconds=seconds),
        "duration_seconds": seconds,
        "events": 5,
        "pages": 3,
        "is_bounce": False,
        "device_type": "desktop",
        "browser": "Firefox",
        "country_code": "DE",
        "task": 0,
        **columns,
    }


def visit(student: str, chapter: str, start: datetime, seconds: float, **columns: Any) -> dict[str, Any]:
    """Returns a row of `chapter_visit_facts`: an explicit visit of algebra."""
    return {
        "start_time": start,
        "event_id": f"v{next(_NUMBER):06}",
        "student_id": student,
        "course_id": "algebra",
        "chapter_id": chapter,
        "class_id": "7B",
        "end_time": start + timedelta(seconds=seconds),
        "time_spent_seconds": seconds,
        "raw_seconds": seconds,
        "scroll_depth": None,
        "idle_capped": False,
        "source": "view",
        "task": 0,
        **columns,
    }


def view(student: str, video: str, start: datetime, **columns: Any) -> dict[str, Any]:
    """Returns a row of `video_views`: nothing watched of a video of 200 s."""
    return {
        "start_time": start,
        "student_id": student,
        "video_id": video,
        "class_id": "7B",
        "course_id": "algebra",
        "watched_seconds": 0.0,
        "unique_seconds": 0.0,
        "video_duration_s": 200.0,
        "watch_pct": 0.0,
        "seeks": 0,
        "rewatched_seconds": 0.0,
        "avg_playback_rate": 1.0,
        "completed": False,
        "bins": 0,
        "rewatched_bins": 0,
        "task": 0,
        **columns,
    }


def milestone(student: str, kind: str, when: datetime, **columns: Any) -> dict[str, Any]:
    """Returns a row of `milestones` in algebra."""
    base = {"event_time": when, "event_id": f"m{next(_NUMBER):06}", "student_id": student, "class_id": "7B"}
    return {**base, "course_id": "algebra", "kind": kind, **columns}


def active_day(student: str, days: int, minutes: int = 10, **columns: Any) -> dict[str, Any]:
    """Returns a row of `student_days`, so many days from the day on."""
    day = EIGHT.date() + timedelta(days=days)
    return {
        "day": day,
        "student_id": student,
        "class_id": "7B",
        "minutes_active": minutes,
        "interactions": 9,
        **columns,
    }


def item(item_id: str, position: int, **columns: Any) -> dict[str, Any]:
    """Returns a row of `content_items` of algebra."""
    base = {
        "course_id": "algebra",
        "item_id": item_id,
        "kind": "chapter",
        "title": item_id.upper(),
        "position": position,
    }
    return {**base, **columns}


def write_content(database: Database) -> None:
    """Puts the course's items and a member of staff: her rows count nowhere."""
    database.put("content_items", item("a1", 1, expected_seconds=100), item("a2", 2), item("a3", 3))
    database.put("content_items", item("quiz", 4, kind="quiz", pass_mark=60))
    database.put("content_items", item("algebra", 0, kind="Course", title="Algebra"))  # its title, and no part of it
    database.put("class_staff", {"class_id": "7B", "staff_id": "miss"})


def settle(database: Database) -> None:
    """Brings aggregates and summaries up to date, where they are kept."""
    if database.value("SELECT count(*) FROM pg_proc WHERE proname = 'refresh_summaries'"):
        database.connection.execute("CALL refresh_summaries()")
