"""One Monday morning at a small school, written by hand: who did what, and so what every panel must say.

It is 10:00:20. Ann works hard; Ben has done nothing for 400 s; Cem left half an hour ago; Dia and Fay never came;
Eva is in 7C; Gus and Hal are on no roster, Hal not even in a class; Tom teaches.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg import sql

NOW: Final = datetime(2026, 3, 2, 10, 0, 20, tzinfo=UTC)
TEN: Final = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
Row = dict[str, Any]


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def minute(offset: int) -> datetime:
    return TEN + timedelta(minutes=offset)


CLASSES: Final[list[Row]] = [
    {"class_id": "7B", "title": "Class 7B", "grade": "7"},
    {"class_id": "7C", "title": None, "grade": "7"},
    {"class_id": "8A", "title": "Class 8A", "grade": "8"},
]
STAFF: Final[list[Row]] = [{"class_id": "7B", "staff_id": "tom"}]
ENROLMENTS: Final[list[Row]] = [
    {"student_id": student, "course_id": course, "class_id": class_id}
    for student, course, class_id in [
        ("ann", "math", "7B"),
        ("ben", "math", "7B"),
        ("cem", "math", "7B"),
        ("dia", "math", "7B"),
        ("eva", "math", "7C"),
        ("fay", "art", "8A"),
    ]
]
NAMES: Final[list[Row]] = [
    {"student_id": name.lower(), "display_name": name} for name in ("Ann", "Ben", "Cem", "Dia", "Eva", "Fay")
]


def _state(student: str, seconds: float, **columns: Any) -> Row:
    last = ago(seconds)
    return {
        "student_id": student,
        "task": 0,
        "role": "student",
        "last_event_at": last,
        "last_interaction_at": last,
        "last_event_name": "page_view",
        **columns,
    }


MATH: Final = {"subject_id": "M", "course_id": "math"}
STATES: Final[list[Row]] = [
    # recency 0.9672, and the full marks for intensity, duration and streak: 0.9885
    _state(
        "ann",
        10,
        **MATH,
        class_id="7B",
        chapter_id="ch1",
        device="desktop",
        browser="chrome",
        weights=int("a" * 15, 16),
        weights_end=TEN,
        session_minutes=45,
        day_bits=0b1111111,
        last_day=TEN.date(),
        last_event_name="video_play",
    ),
    # the others have recency alone: 0.35 exp(-seconds / 300) = 0.0923, 0.0004, 0.3274, 0.3167, 0.2963
    _state("ben", 400, **MATH, class_id="7B", chapter_id="ch2", device="mobile", browser="safari"),
    _state("cem", 2000, **MATH, class_id="7B", chapter_id="ch2", device="mobile", browser="safari"),
    _state("eva", 20, **MATH, class_id="7C", chapter_id="ch1", device="mobile", browser="chrome"),
    _state("gus", 30, **MATH, class_id="7B", chapter_id="ch1"),
    _state("hal", 50, subject_id="A", course_id="art", device="tablet", browser="firefox"),
    _state("tom", 5, **MATH, class_id="7B", role="teacher"),
]


def window(offset: int, scope: str, scope_id: str, active_5m: int, task: int = 0) -> Row:
    return {
        "window_start": minute(offset),
        "scope": scope,
        "scope_id": scope_id,
        "task": task,
        "events": 1,
        "active_students": active_5m,
        "active_5m": active_5m,
    }


WINDOWS: Final[list[Row]] = [
    window(-10, "all", "all", 99),  # an eleventh minute: out of the trend
    window(-9, "all", "all", 1),
    window(-2, "all", "all", 4),
    window(-1, "all", "all", 3),
    window(-1, "all", "all", 2, task=1),  # the tasks add
    window(0, "all", "all", 5),
    window(3, "all", "all", 1),  # a fast clock: not begun yet
    window(-2, "class", "7B", 3),
    window(0, "class", "7B", 2),
    window(0, "class", "7C", 1),
    window(0, "grade", "7", 3),
    window(-3, "course", "art", 1),
    window(-1, "class_chapter", "7B/ch1", 9),  # an older window
    window(0, "class_chapter", "7B/ch1", 2),
    window(0, "class_chapter", "7C/ch1", 1),
    window(0, "class_chapter", "7C/ch%2F2", 1),
    window(0, "class_chapter", "8A/ch9", 0),
    window(3, "class_chapter", "7B/ch1", 7),
]


def event(student: str, seconds: float, name: str, **columns: Any) -> Row:
    return {
        "event_time": ago(seconds),
        "event_id": f"{student}-{seconds}",
        "student_id": student,
        "role": "student",
        "event_name": name,
        "topic": "clickstream_events",
        "partition": 0,
        "kafka_offset": 1,
        "ingested_at": ago(seconds),
        **columns,
    }


EVENTS: Final[list[Row]] = [
    event("ann", 10, "video_play", class_id="7B", grade="7", course_id="math", chapter_id="ch1", device_type="desktop"),
    event("ann", 700, "session_start", class_id="7B", grade="7", course_id="math", device_type="desktop"),
    event("cem", 1990, "session_end", class_id="7B", grade="7", course_id="math", device_type="mobile"),
    event("gus", 30, "login", class_id="7B", course_id="math"),
    event("hal", 50, "page_view", course_id="art", device_type="tablet"),
    event("tom", 5, "page_view", role="teacher", class_id="7B"),
    event("ann", -40, "page_view", class_id="7B"),  # a fast clock
    event("eva", 4000, "page_view", class_id="7C"),  # more than an hour ago
]
SCORES: Final[list[Row]] = [
    {
        "time": minute(offset),
        "student_id": student,
        "class_id": class_id,
        "score": score,
        "recency": 0,
        "intensity": 0,
        "duration": 0,
        "streak": 0,
    }
    for offset, student, class_id, score in [
        (-5, "ann", "7B", 0.9),
        (-5, "ben", "7B", 0.4),
        (-5, "eva", "7C", 0.3),
        (-4, "ann", "7B", 0.8),
        (-90, "ann", "7B", 0.1),
    ]
]
PROGRESS: Final[list[Row]] = [
    {
        "flow": "engagement",
        "task": task,
        "offsets": {"clickstream_events": 9},
        "watermarks": {"clickstream_events": round((NOW + timedelta(seconds=task)).timestamp() * 1000)},
    }
    for task in (0, 1)
]
TABLES: Final[dict[str, list[Row]]] = {
    "classes": CLASSES,
    "class_staff": STAFF,
    "enrolments": ENROLMENTS,
    "directory": NAMES,
    "student_state": STATES,
    "activity_windows": WINDOWS,
    "events": EVENTS,
    "engagement_scores": SCORES,
    "task_progress": PROGRESS,
}


def put(connection: psycopg.Connection[Any], tables: dict[str, list[Row]]) -> None:
    """Inserts rows as the owner."""
    for table, rows in tables.items():
        for row in rows:
            connection.execute(
                sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                    sql.Identifier(table),
                    sql.SQL(", ").join(map(sql.Identifier, row)),
                    sql.SQL(", ").join([sql.Placeholder()] * len(row)),
                ),
                [json.dumps(value) if isinstance(value, dict) else value for value in row.values()],
            )
