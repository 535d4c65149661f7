"""Somebody who looks at the tables all the time and remembers every number: none may ever go down."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Self

import psycopg

WATCHED = {
    "activity_windows": """
        SELECT window_start, scope, scope_id, task, events, active_students, active_5m FROM activity_windows
    """,
    "student_days": "SELECT day, student_id, interactions, minutes_active FROM student_days",
    "task_progress": """
        SELECT flow, task, topic, generation, next_offset::bigint
        FROM task_progress, jsonb_each_text(offsets) AS o (topic, next_offset)
    """,
    "events": "SELECT topic, count(*) FROM events GROUP BY 1",
}
WIDTH = {"activity_windows": 4, "student_days": 2, "task_progress": 3, "events": 1}


class Poller:
    """Reads the watched tables in one snapshot after another until the block ends.

    Attributes:
        falls: What went down, or vanished, in words.
        looks: How often it has looked.
    """

    def __init__(self, database: str, pause_s: float = 0.2) -> None:
        self.database = database
        self.pause_s = pause_s
        self.falls: list[str] = []
        self.looks = 0
        self._seen: dict[str, dict[tuple[Any, ...], tuple[int, ...]]] = {table: {} for table in WATCHED}
        self._enough = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="poller")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough.set()
        self._thread.join(60)
        if error is None and self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            with psycopg.connect(self.database) as connection:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                connection.read_only = True
                while not self._enough.wait(self.pause_s):
                    self._look(connection)
        except psycopg.Error as error:
            self._error = error

    def _look(self, connection: psycopg.Connection) -> None:
        with connection.transaction():
            found = {table: connection.execute(query).fetchall() for table, query in WATCHED.items()}
        self.looks += 1
        for table, rows in found.items():
            now = {row[: WIDTH[table]]: row[WIDTH[table] :] for row in rows}
            before = self._seen[table]
            for key, numbers in before.items():
                if key not in now:
                    self.falls.append(f"look {self.looks}: {table} {key} vanished, had {numbers}")
                elif any(a > b for a, b in zip(numbers, now[key], strict=True)):
                    self.falls.append(f"look {self.looks}: {table} {key} fell from {numbers} to {now[key]}")
            self._seen[table] = now
