"""Rows and changes as tasks hand them to the sink."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import psycopg

from dataflows.sink.changes import Changes
from dataflows.sink.freshness import Freshness
from dataflows.sink.writer import Writer

FLOW = "engagement"
DAY = date(2026, 3, 2)
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PLAIN = Changes(FLOW, 0, 1, {"t": 1}, {"t": 1}, "c", {"t": "id"})


def writer(url: str, *, give_up: Callable[[], bool] = lambda: True, flow: str = FLOW) -> Writer:
    """Returns a writer that does not wait for a database that is away, unless told otherwise."""
    return Writer(url, flow, Freshness(), lambda _topic, _records: None, give_up)


def days(task: int, generation: int, offset: int, *rows: tuple[str, int]) -> Changes:
    """Returns changes with rows of `student_days`: student and interactions."""
    frame = pl.DataFrame(
        {
            "day": [DAY] * len(rows),
            "student_id": [student for student, _ in rows],
            "class_id": pl.Series(["7B"] * len(rows), dtype=pl.String),
            "minutes_active": [1] * len(rows),
            "interactions": [interactions for _, interactions in rows],
        }
    )
    return replace(PLAIN, task=task, generation=generation, offsets={"t": offset}, rows={"student_days": frame})


def states(task: int, generation: int, offset: int, *rows: tuple[str, datetime]) -> Changes:
    """Returns changes with rows of `student_state`: student and last event."""
    frame = pl.DataFrame(
        {
            "student_id": [student for student, _ in rows],
            "task": [task] * len(rows),
            "last_event_at": pl.Series([at.replace(tzinfo=None) for _, at in rows], dtype=pl.Datetime("ms")),
        }
    )
    return replace(PLAIN, task=task, generation=generation, offsets={"t": offset}, rows={"student_state": frame})


def write(here: Writer, *changes: Changes) -> None:
    """Hands changes over as Bytewax does."""
    here.write_batch([(str(change.task), change) for change in changes])


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """Returns what a query finds."""
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        return connection.execute(query.encode()).fetchall()


def stored_days(url: str) -> list[tuple[Any, ...]]:
    """Returns students and interactions."""
    return rows(url, "SELECT student_id, interactions FROM student_days ORDER BY 1")


def progress(url: str) -> list[tuple[Any, ...]]:
    """Returns task, generation and offsets."""
    return rows(url, "SELECT task, generation, offsets FROM task_progress ORDER BY 1")
