"""Small logs of learning for the tests of `memory`, and runs of one task over them."""

from __future__ import annotations

import json
import random
import uuid
from typing import Any

from dataflows.settings import Settings
from tests.oracle.memory import Rows
from tests.oracle.memory_task import MemoryRun
from tests.oracle.reading import Record

QUIZZES = "module_quiz_events"
START = 1_709_283_600_000  # Friday 2024-03-01 09:00 UTC
HOUR, DAY = 3_600_000, 86_400_000

Logs = dict[str, list[Record]]


def quiz(at_ms: int, score: float, user: str = "ann", module: str = "m1", **more: Any) -> bytes:
    """Returns a quiz event; its id follows from what it says."""
    said = {"user_id": user, "module": module, "score": score, "timestamp": at_ms, **more}
    return json.dumps({"event_id": str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(said))), **said}).encode()


def append(logs: Logs, value: bytes | None, now_ms: int, tick: int | None = None, topic: str = QUIZZES) -> None:
    """Appends a record to a topic of task 0."""
    log = logs.setdefault(topic, [])
    log.append(Record(topic, 0, len(log), now_ms, value, b"k", tick))


def log_of(*values: bytes, until_ms: int) -> Logs:
    """Returns a log of quizzes that ends with a tick."""
    logs: Logs = {}
    for value in values:
        append(logs, value, until_ms)
    append(logs, None, until_ms, until_ms)
    return logs


def run(logs: Logs, seed: int = 0, settings: Settings | None = None, **how: Any) -> MemoryRun:
    """Runs the task in random batches."""
    return MemoryRun(logs, settings or Settings(_env_file=None)).run(random.Random(seed), **how)


def signals(done: MemoryRun) -> dict[tuple[int, int | None], None]:
    """Returns (due, reviewed) of all signals, hours after `START`, of whomever."""
    rows: Rows = done.tables["revision_signal_facts"]
    return {
        ((at[2] - START) // HOUR, None if row["reviewed_at"] is None else (row["reviewed_at"] - START) // HOUR): None
        for at, row in sorted(rows.items())
    }
