"""A student who clicks in 7A and 7B by turns: each class has three interactions, whatever view is asked."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import psycopg

from simulation.school import School
from tests.grafana import conftest as known
from tests.oracle.reading import Record
from tests.truth.school import BEGINS, CLOSES, World, store

START_MS = round(BEGINS.timestamp() * 1000)


def click(number: int) -> Record:
    at_ms = START_MS + 30_000 * number
    event = {
        "event_id": str(uuid.UUID(int=number + 1)),
        "student_id": "s2",
        "event_name": "page_view",
        "timestamp": at_ms,
        "class_id": "7B" if number % 2 else "7A",
    }
    return Record("clickstream_events", 0, number, at_ms, json.dumps(event).encode(), b"s2")


def test_each_class_counts_what_happened_there_and_all_count_the_student_once(migrated_postgres: str) -> None:
    closes = round(CLOSES.timestamp() * 1000)
    records = [*map(click, range(6)), Record("clickstream_events", 0, 6, closes, None, None, closes)]
    roster = [{"student_id": "s2", "course_id": f"c{name}", "class_id": name} for name in ("7A", "7B")]
    store(migrated_postgres, World(records, {"enrolments": roster}, CLOSES, School([], 0)))
    with psycopg.connect(migrated_postgres, options="-c classpulse.clock=data") as connection:

        def rows(query: str) -> list[tuple[object, ...]]:
            return connection.execute(query.encode()).fetchall()

        assert rows("SELECT class_id, active_students, interactions FROM daily_activity ORDER BY 1") == [
            ("7A", 1, 3),
            ("7B", 1, 3),
        ]
        assert rows("SELECT scope_id, events FROM activity_by_day WHERE scope IN ('all', 'class') ORDER BY 1") == [
            ("7A", 3),
            ("7B", 3),
            ("all", 6),
        ]
        assert rows("SELECT active_users, interactions FROM clickstream_analytics") == [(1, 6)]
        by_class = "SELECT class_id, minutes_active, interactions FROM class_member_days ORDER BY 1"
        assert rows(by_class) == [("7A", 3, 3), ("7B", 3, 3)]
        assert rows("SELECT class_id, students, minutes_active FROM class_days_summary ORDER BY 1") == [
            ("7A", 1, 3),
            ("7B", 1, 3),
        ]
        assert rows("SELECT class_id, minutes_active, place FROM leaderboard ORDER BY 1") == [
            ("7A", 3, 1),
            ("7B", 3, 1),
        ]

    # the Instructor Overview, of all classes at once and of each alone: three minutes, not three and three
    shown, day = known.School(migrated_postgres), (BEGINS - timedelta(hours=8), CLOSES)
    assert [row[:4] for row in shown.on("overview", "Classes", day)] == [("7A", 1, 1, 180), ("7B", 1, 1, 180)]
    for class_id in ("7A", "7B"):
        [row] = shown.on("overview", "Classes", day, class_=[class_id])
        assert row[:4] == (class_id, 1, 1, 180)
