"""A lake as workers leave it, without Kafka: the flow's own steps and the sink's own transaction."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataflows.batch import Records, TaskBatch
from dataflows.lake import flow
from dataflows.operators import snapshot
from dataflows.settings import Settings
from dataflows.sink.connection import connect
from dataflows.sink.freshness import Freshness
from dataflows.sink.progress import claim_task
from dataflows.sink.writer import Writer

TOPIC = "clickstream_events"
START_MS = 1_796_025_600_000  # 2026-11-30 08:00 UTC
HOUR_MS = 3_600_000
NAMES = ("page_view", "button_click", "video_play", "quiz/odd name")


def settings_of(database: str, lake: Path | str, **more: Any) -> Settings:
    return Settings(_env_file=None, database_url=database, lake_url=str(lake), max_age_days=0, **more)


def event(rng: random.Random, at_ms: int, student: int, **more: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "student_id": f"s{student:03d}",
        "event_name": rng.choice(NAMES),
        "timestamp": at_ms,
        "class_id": "7B" if student % 2 else "8A",
        "metadata": {"depth": rng.randrange(100)},
    } | more


def day_of(count: int = 600, seed: int = 3, hours: int = 40) -> list[list[dict[str, Any]]]:
    """Returns events of two tasks over two days, in the order of their times."""
    rng = random.Random(seed)
    times = sorted(START_MS + rng.randrange(hours * HOUR_MS) for _ in range(count))
    tasks: list[list[dict[str, Any]]] = [[], []]
    for at_ms in times:
        student = rng.randrange(40)
        tasks[student % 2].append(event(rng, at_ms, student))
    return tasks


class Worker:
    """A worker of one task: it takes events and writes files when it is told to; of `archive`, rows."""

    def __init__(self, settings: Settings, task: int, module: Any = flow) -> None:  # noqa: ANN401
        self.settings, self.task, self.module = settings, task, module
        url = settings.database_url.get_secret_value()
        self.claim = claim_task(url, module.FLOW, task)
        self.place = self.claim.offsets.get(TOPIC, 0)
        self._writer = Writer(url, module.FLOW, Freshness(), lambda _topic, _records: None, lambda: True)
        self._operators = {name: make(task) for name, make in module.steps(settings).items()}
        if self.claim.offsets:
            with connect(url, "test") as connection:
                marks = connection.execute(
                    "SELECT watermarks FROM task_progress WHERE flow = %s AND task = %s", (module.FLOW, task)
                ).fetchone()
                assert marks is not None
                states = module.states_at(connection, task, marks[0], settings)
            for name, operator in self._operators.items():
                operator.restore(snapshot.loads(states[name]))

    def take(self, events: Sequence[dict[str, Any] | bytes], *, writes: bool = True, append_ms: int = 0) -> None:
        values: list[bytes | None] = [e if isinstance(e, bytes) else json.dumps(e).encode() for e in events]
        times = [append_ms or (e["timestamp"] + 40 if isinstance(e, dict) else START_MS) for e in events]
        places = list(range(self.place, self.place + len(values)))
        self.place += len(values)
        batch = TaskBatch(
            task=self.task,
            generation=self.claim.generation,
            floor={},
            records=[Records(TOPIC, self.task, places, times, [None] * len(values), values)],
            offsets={TOPIC: self.place},
            flush=True,
            topic_ids={},
            cluster_id="c",
            live_from_ms=1 << 62,
            claimed=self.claim.offsets,
            history=writes,
        )
        item = self.module.decode(batch, self.settings)
        for operator in self._operators.values():
            item = operator.process(item)
        self._writer.write_batch([(str(self.task), changes) for changes in self.module.gather(item)])


def fill(settings: Settings, tasks: list[list[dict[str, Any]]], files: int = 5) -> None:
    """Writes each task's events as some files."""
    for task, events in enumerate(tasks):
        worker = Worker(settings, task)
        for number in range(files):
            worker.take(events[len(events) * number // files : len(events) * (number + 1) // files])
