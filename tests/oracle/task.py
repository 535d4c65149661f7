"""One task of `engagement` without Kafka, Bytewax and database: batches in, tables out, crashes where wanted."""

from __future__ import annotations

import pickle
import random
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from dataflows.batch import Records, TaskBatch
from dataflows.engagement import flow as engagement
from dataflows.engagement.flow import decode, gather
from dataflows.operators import builder
from dataflows.settings import Settings
from tests.oracle.engagement import Rows
from tests.oracle.reading import Record

KEYS = {
    "activity_windows": ("window_start", "scope", "scope_id", "task"),
    "student_state": ("student_id",),
    "engagement_scores": ("time", "student_id"),
    "student_days": ("day", "student_id"),
    "student_day_classes": ("day", "student_id", "class_id"),
}
RISING = {
    "activity_windows": ("events", "active_students", "active_5m"),
    "student_days": ("interactions",),
    "student_day_classes": ("interactions",),
}


@dataclass
class TaskRun:
    """A task over its log, as a worker would run it.

    Attributes:
        log: The task's records in offset order, of one topic.
        settings: The flow's settings.
        tables: What the database would hold.
        falls: Numbers that went down, in words.
    """

    log: list[Record]
    settings: Settings
    tables: dict[str, Rows] = field(default_factory=lambda: {table: {} for table in KEYS})
    falls: list[str] = field(default_factory=list)
    committed: int = 0

    def run(self, rng: random.Random, crashes: int = 0) -> TaskRun:
        """Reads the log in random batches with random flushes; crashes and resumes from the last snapshot."""
        task, topic = self.log[0].partition, self.log[0].topic
        snapshot: tuple[int, bytes] | None = None
        for life in range(crashes + 1):
            end = len(self.log) if life == crashes else rng.randrange(len(self.log) + 1)
            operators = builder.pipeline(engagement, task, self.settings)
            read = 0
            if snapshot is not None:
                read = snapshot[0]
                for operator, state in zip(operators, pickle.loads(snapshot[1]), strict=True):
                    operator.restore(state)
            while read < end:
                size = min(end - read, rng.choice((1, 1, 2, 3, 7, 50, 1000)))
                # a database that is ahead of the snapshot is not written to until the replay has passed it
                flush = rng.random() < 0.4 or read + size == end
                batch = self._batch(task, topic, read, read + size, flush=flush, history=rng.random() < 0.5)
                read += size
                item = decode(batch, self.settings)
                for operator in operators:
                    item = operator.process(item)
                for changes in gather(item):
                    self._commit(changes.rows, read)
                if rng.random() < 0.2:
                    snapshot = read, pickle.dumps([operator.state() for operator in operators])
        return self

    def _batch(self, task: int, topic: str, start: int, end: int, *, flush: bool, history: bool) -> TaskBatch:
        log = self.log[start:end]
        ticks = [record.tick for record in log]
        records = Records(
            topic,
            task,
            [record.offset for record in log],
            [record.append_ms for record in log],
            [record.key for record in log],
            [record.value for record in log],
            ticks if any(tick is not None for tick in ticks) else [],
        )
        floor = {topic: self.committed} if self.committed else {}
        history = history or end == len(self.log)
        return TaskBatch(task, 1, floor, [records], {topic: log[-1].offset + 1}, flush, {}, "", 0, history=history)

    def _commit(self, rows: dict[str, pl.DataFrame], read: int) -> None:
        self.committed = max(self.committed, self.log[read - 1].offset + 1)
        for table, frame in rows.items():
            if table == "consents":
                continue
            stored = self.tables[table]
            for values in plain(frame).to_dicts():
                key = tuple(values.pop(name) for name in KEYS[table])
                for column in RISING.get(table, ()):
                    if key in stored and values[column] < stored[key][column]:
                        self.falls.append(f"{table} {key} {column}: {stored[key][column]} to {values[column]}")
                stored[key] = values


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Returns a frame with epoch milliseconds for instants and ISO texts for days."""
    return frame.with_columns(
        pl.col(pl.Datetime).dt.epoch("ms"),
        pl.col(pl.Date).dt.to_string("%Y-%m-%d"),
        pl.col(pl.Categorical).cast(pl.String),
    )


def run_log(records: list[Record], settings: Settings, seed: int, crashes: int = 0) -> dict[str, Any]:
    """Runs every task of a log; returns all tables, and the falls under `falls`."""
    rng = random.Random(seed)
    tables: dict[str, Rows] = {table: {} for table in KEYS}
    falls: list[str] = []
    for task in sorted({record.partition for record in records}):
        done = TaskRun([record for record in records if record.partition == task], settings).run(rng, crashes)
        for table, rows in done.tables.items():
            tables[table] |= rows
        falls += done.falls
    return {**tables, "falls": falls}
