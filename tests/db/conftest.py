"""A migrated database of each kind, and a known day in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row, tuple_row

NOW = datetime(2026, 3, 2, 10, 0, 20, tzinfo=UTC)  # a Monday


def ago(seconds: float = 0, *, minutes: float = 0, days: float = 0) -> datetime:
    """Returns an instant before NOW."""
    return NOW - timedelta(days=days, minutes=minutes, seconds=seconds)


def epoch_ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


@dataclass
class Database:
    """A database whose clock is the data's: the lowest watermark is NOW until a test says otherwise."""

    url: str
    connection: psycopg.Connection[dict[str, Any]]

    def put(self, table: str, *rows: dict[str, Any]) -> None:
        for row in rows:
            values = [json.dumps(value) if isinstance(value, dict) else value for value in row.values()]
            self.connection.execute(
                sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                    sql.Identifier(table),
                    sql.SQL(", ").join(map(sql.Identifier, row)),
                    sql.SQL(", ").join([sql.Placeholder()] * len(row)),
                ),
                values,
            )

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        return self.connection.execute(query.encode(), parameters).fetchall()

    def values(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.connection.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(query.encode(), parameters).fetchall()

    def value(self, query: str, *parameters: Any) -> Any:
        return self.values(query, *parameters)[0][0]

    def watermark(
        self, at: datetime, *, flow: str = "engagement", task: int = 0, topic: str = "clickstream_events"
    ) -> None:
        """Says how far a task has come in a topic."""
        self.connection.execute(
            "INSERT INTO task_progress AS p (flow, task, offsets, watermarks)"
            " VALUES (%s, %s, jsonb_build_object(%s::text, 1), jsonb_build_object(%s::text, %s::bigint))"
            " ON CONFLICT (flow, task) DO UPDATE SET watermarks = p.watermarks || excluded.watermarks,"
            " offsets = p.offsets || excluded.offsets",
            (flow, task, topic, topic, epoch_ms(at)),
        )

    def student(self, student_id: str, last: datetime, **columns: Any) -> None:
        """Adds a student whose last event, an interaction, was at `last`."""
        defaults = {
            "task": 0,
            "role": "student",
            "last_event_at": last,
            "last_event_name": "page_view",
            "last_interaction_at": last,
            "weights": 4,
            "weights_end": last.replace(second=0, microsecond=0),
            "session_minutes": 9,
            "day_bits": 1,
            "last_day": last.date(),
        }
        self.put("student_state", {"student_id": student_id, **defaults, **columns})


def opened(url: str) -> Iterator[Database]:
    with psycopg.connect(url, autocommit=True, row_factory=dict_row, options="-c timezone=UTC") as connection:
        connection.execute("SET classpulse.clock = 'data'")
        database = Database(url, connection)
        database.watermark(NOW)
        yield database


@pytest.fixture
def database(migrated_any: str) -> Iterator[Database]:
    """A migrated database, once of each kind, whose classpulse_now() is NOW."""
    yield from opened(migrated_any)


@pytest.fixture
def timescale(migrated_timescale: str) -> Iterator[Database]:
    """The same, on TimescaleDB alone; its jobs run only when a test runs them."""
    yield from opened(migrated_timescale)
