"""Four weeks before the known day, written by hand: what the content and memory flows would have stored.

Course `math` has the chapters ch1 (Fractions, 100 s expected) and ch2 (Decimals), then the modules m1 and m2 (both
passed from 70 on). Ann and Ben of 7B and Eva of 7C study it; Cem left it on 10 February; Dia never came. Fay takes
`art`.
The known day is Monday, 2 March 2026, and the term began on 2 February.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from tests.db import content, memory
from tests.grafana.known_day import NOW, TABLES, Row

MONTH: Final = (NOW - timedelta(days=28), NOW)
FLOWS: Final = ("content", "memory")


def at(hour: float, days: int = 0) -> datetime:
    """Returns an hour of the known day, or of another."""
    return NOW.replace(hour=0, minute=0, second=0) + timedelta(days=days, hours=hour)


def visit(student: str, chapter: str, when: datetime, seconds: float, **columns: Any) -> Row:
    """Returns a visit in math."""
    class_id = {"eva": "7C", "fay": "8A"}.get(student, "7B")
    return content.visit(student, chapter, when, seconds, **{"course_id": "math", "class_id": class_id, **columns})


def quiz(student: str, when: datetime, score: float, module: str = "m1", **columns: Any) -> Row:
    """Returns an attempt at a module of math."""
    class_id = "7C" if student == "eva" else "7B"
    return memory.attempt(student, when, score, module, course="math", class_id=class_id, **columns)


def review(student: str, when: datetime, score: float, interval_days: float, module: str = "m1") -> Row:
    """Returns a counted review."""
    return {
        "reviewed_at": when,
        "event_id": f"r-{student}-{module}-{when:%m%d%H}",
        "user_id": student,
        "domain": "math",
        "module": module,
        "score": score,
        "counted": True,
        "model": "ebbinghaus",
        "interval_days": interval_days,
    }


def item(item_id: str, position: int, **columns: Any) -> Row:
    """Returns an item of math."""
    return {**content.item(item_id, position), "course_id": "math", **columns}


def milestone(student: str, kind: str, when: datetime, **columns: Any) -> Row:
    """Returns a milestone in math."""
    class_id = "7C" if student == "eva" else "7B"
    return content.milestone(student, kind, when, **{"course_id": "math", "class_id": class_id, **columns})


def progress(flow: str) -> Row:
    """Returns the progress of a flow that is as far as the known day."""
    return {
        "flow": flow,
        "task": 0,
        "offsets": {"clickstream_events": 9},
        "watermarks": {"clickstream_events": round(NOW.timestamp() * 1000)},
    }


# 85 at first: due after 2.43 days, long overdue after twice that; ben's 60 after 1 (clamped) and 2 days
ANN_AT: Final = at(9, -1)
BEN_AT: Final = at(9, -10)
EVA_AT: Final = at(9, -4)
PLAIN: Final[dict[str, list[Row]]] = {
    "terms": [{"term_id": "t", "starts": date(2026, 2, 2), "ends": date(2026, 6, 30)}],
    "content_items": [
        item("ch1", 1, title="Fractions", expected_seconds=100),
        item("ch2", 2, title="Decimals"),
        item("m1", 3, title="Fractions quiz", kind="module", pass_mark=70),
        item("m2", 4, title="Decimals quiz", kind="module", pass_mark=70),
    ],
    "chapter_visit_facts": [
        visit("ann", "ch1", at(8), 100, raw_seconds=160, idle_capped=True, scroll_depth=100),
        visit("ben", "ch1", at(8), 200, scroll_depth=20),
        visit("eva", "ch1", at(9), 300, scroll_depth=100),
        visit("ann", "ch2", at(9), 40, scroll_depth=30),
        visit("cem", "ch1", at(8, -20), 60, scroll_depth=10),
        visit("ann", "ch1", at(8, -40), 999, scroll_depth=100),
        visit("fay", "a1", at(9), 60, course_id="art"),
    ],
    "video_views": [
        content.view(
            student,
            "v1",
            at(8),
            course_id="math",
            watched_seconds=watched,
            unique_seconds=unique,
            watch_pct=unique / 2,
            seeks=seeks,
            rewatched_seconds=watched - unique,
            completed=unique == 200,
            bins=2 ** round(unique / 10) - 1,
            rewatched_bins=again,
        )
        for student, watched, unique, seeks, again in [
            ("ann", 220.0, 200.0, 2, 0b11000),
            ("ben", 100.0, 100.0, 0, 0),
            ("eva", 60.0, 50.0, 1, 0b01000),
        ]
    ],
    "sessions_closed": [
        content.session("ann", at(8), 1800, class_id="7B"),
        content.session("ann", at(8, -3), 600, class_id="7B", device_type="mobile", browser="Safari"),
        content.session("eva", at(9), 900, class_id="7C", country_code="AT"),
    ],
    "student_days": [
        {
            "day": at(0, days).date(),
            "student_id": student,
            "class_id": class_id,
            "minutes_active": 30,
            "interactions": 9,
        }
        for student, class_id, days in [
            ("ann", "7B", 0),
            ("ann", "7B", -3),
            ("ben", "7B", 0),
            ("cem", "7B", -20),
            ("eva", "7C", 0),
            ("tom", "7B", 0),
        ]
    ],
    "quiz_attempts": [
        quiz("ann", ANN_AT, 85),
        quiz("ben", BEN_AT, 60),
        quiz("ben", at(9, -2), 50, "m2"),
        quiz("eva", EVA_AT, 100),
        quiz("ann", at(9, -60), 10),
        quiz("ann", at(9, -3), 35, "m2", quiz_type="diagnostic"),
    ],
    "memory_reviews": [
        review("ann", ANN_AT, 85, 2.428571),
        review("ben", BEN_AT, 60, 1),
        review("eva", EVA_AT, 100, 2.857143),
    ],
    "memory_state": [
        memory.curve("ann", [(ANN_AT, 85)], "m1"),
        memory.curve("ben", [(BEN_AT, 60)], "m1"),
        memory.curve("eva", [(EVA_AT, 100)], "m1"),
    ],
    "revision_signal_facts": [
        {
            "user_id": student,
            "module_id": "m1",
            "scheduled_at": due,
            "created_at": due,
            "reviewed_at": None,
        }
        for student, due in [("ben", BEN_AT + timedelta(days=1)), ("eva", EVA_AT + timedelta(days=2.857143))]
    ],
    "milestones": [
        milestone("ann", "course_enroll", at(8, -27), price=20),
        milestone("ben", "course_enroll", at(8, -27)),
        milestone("ann", "lesson_complete", at(8.1), item_id="ch1", chapter_id="ch1"),
        milestone("ann", "forum_post", at(8.2)),
        milestone("ben", "forum_post", at(8.2)),
        milestone("eva", "forum_post", at(8.2, -1)),
        milestone("eva", "course_complete", at(9, -1)),
        milestone("cem", "course_unenroll", at(9, -10)),
    ],
    "page_days": [
        {"day": at(0, -1).date(), "page_url": url, "task": task, "views": views, "students": 2, "scrolls": 0}
        | {f"s{tenth}": 0 for tenth in range(10)}
        for url, task, views in [("/home", 0, 5), ("/home", 1, 2), ("/quiz", 0, 6)]
    ],
    "dead_letters": [],
    "task_progress": [progress(flow) for flow in FLOWS],
}
TERM: Final[dict[str, list[Row]]] = {
    name: [*TABLES.get(name, []), *PLAIN.get(name, [])] for name in {**TABLES, **PLAIN}
}
