"""A student who clicks in 7A and 7B by turns: each class has three interactions, whatever view is asked."""

from __future__ import annotations

import json
import uuid

import psycopg

from cli.simulation.school import School
from dataflows.settings import Settings
from db.migrate import migrate
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


def test_each_class_counts_what_happened_there_and_all_count_the_student_once(postgres_url: str) -> None:
    migrate(postgres_url, settings=Settings(_env_file=None))
    closes = round(CLOSES.timestamp() * 1000)
    records = [*map(click, range(6)), Record("clickstream_events", 0, 6, closes, None, None, closes)]
    store(postgres_url, World(records, {}, CLOSES, School([], 0)))
    with psycopg.connect(postgres_url, options="-c classpulse.clock=data") as connection:

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
        assert rows("SELECT class_id, minutes_active, place FROM leaderboard ORDER BY 1") == [
            ("7A", 3, 1),
            ("7B", 3, 1),
        ]
