"""The content pipeline without Kafka and database: records in, the tables' last rows out, over crashes if wanted."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from dataflows.batch import Records, TaskBatch
from dataflows.content import flow as content
from dataflows.content.flow import decode, gather
from dataflows.operators import builder, snapshot
from dataflows.settings import Settings
from dataflows.sink.changes import Changes
from dataflows.sink.tables import TABLES, Table
from tests.known import Known
from tests.oracle.reading import Record

Rows = dict[tuple[Any, ...], dict[str, Any]]

CONTENT = (
    "sessions_open",
    "sessions_closed",
    "chapter_visit_facts",
    "video_views",
    "milestones",
    "student_click_days",
    "page_days",
)


@dataclass
class Database:
    """The tables of the content flow, written as the sink writes them.

    Attributes:
        tables: Rows under their keys; times are epoch milliseconds, days ISO dates.
        floors: Offsets that are written, by task and topic.
        writes: How often something was written.
    """

    tables: dict[str, Rows] = field(default_factory=lambda: {name: {} for name in CONTENT})
    floors: dict[int, dict[str, int]] = field(default_factory=dict)
    writes: int = 0
    known: Known = field(default_factory=Known)

    def write(self, changes: Changes) -> None:
        """Applies one transaction: stretches are emptied of what is not written again, then rows are upserted."""
        self.writes += 1
        unknown = (set(changes.rows) | set(changes.replaces)) - {*TABLES, "consents"}
        assert not unknown, f"no such tables: {unknown}"
        for name, table in TABLES.items():
            stored = self.tables.get(table.stored_as)
            if stored is None:
                continue
            rows = _by_key(self.known.believed(table, _rows(changes.rows.get(name)), stored), table)
            if name in changes.replaces:
                self._empty(name, changes.replaces[name], rows)
            for key, values in rows.items():
                if table.on_conflict == "update" or key not in stored:
                    stored[key] = values
        self.floors[changes.task] = dict(changes.offsets)

    def _empty(self, name: str, spans: pl.DataFrame, rows: Rows) -> None:
        table, stored = TABLES[name], self.tables[name]
        assert table.span is not None
        since = {}
        for row in spans.with_columns(pl.col("since").dt.epoch("ms")).iter_rows(named=True):
            assert row["student_id"] not in since, f"{name}: a student has two stretches in one write"
            since[row["student_id"]] = row["since"]
        for key in list(stored):
            whole = dict(zip(table.key, key, strict=True)) | stored[key]
            only = "source" not in table.span.only or whole["source"] == "clickstream"
            begin = since.get(whole["student_id"])
            if begin is not None and whole[table.span.time] >= begin and only and key not in rows:
                del stored[key]


def _rows(frame: pl.DataFrame | None) -> list[dict[str, Any]]:
    if frame is None:
        return []
    return [
        {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
        for row in frame.with_columns(pl.col(pl.Datetime).dt.epoch("ms")).iter_rows(named=True)
    ]


def _by_key(rows: list[dict[str, Any]], table: Table) -> Rows:
    found: Rows = {}
    for values in rows:
        at = tuple(values.pop(name) for name in table.key)
        assert at not in found or table.on_conflict == "keep", f"{at} is written twice in one go"
        found.setdefault(at, values)
    return found


class Task:
    """One task's worker: it can be killed after any batch, and goes on from its last snapshot."""

    def __init__(self, number: int, log: Sequence[Record], settings: Settings, database: Database) -> None:
        """`log`: the records of all its topics, in the order in which they are read."""
        self._number, self._log, self._settings, self._database = number, log, settings, database
        self._topics = sorted({record.topic for record in log})
        self._ends = {topic: sum(record.topic == topic for record in log) for topic in self._topics}
        self.operators = builder.pipeline(content, number, settings)
        self._at = 0
        self._floor: dict[str, int] = {}
        self._snapshot = self._state()

    @property
    def done(self) -> bool:
        """Whether everything was read."""
        return self._at == len(self._log)

    def step(self, size: int, *, flush: bool, history: bool = True) -> None:
        """Reads up to `size` records; at a flush what is due is written."""
        piece = self._log[self._at : self._at + size]
        self._at += len(piece)
        item = decode(self._batch(piece, flush=flush, history=history), self._settings)
        for operator in self.operators:
            item = operator.process(item)
        for changes in gather(item):
            self._database.write(changes)

    def snapshot(self) -> None:
        """Remembers the state and how far was read."""
        self._snapshot = self._state()

    def crash(self) -> None:
        """Goes back to the last snapshot; the database stays ahead."""
        self._at, states = self._snapshot[0], self._snapshot[1]
        self._floor = dict(self._database.floors.get(self._number, {}))
        self.operators = builder.pipeline(content, self._number, self._settings)
        for operator, state in zip(self.operators, states, strict=True):
            operator.restore(snapshot.loads(state))

    def _state(self) -> tuple[int, list[bytes]]:
        return self._at, [snapshot.dumps(operator.state()) for operator in self.operators]

    def _batch(self, piece: Sequence[Record], *, flush: bool, history: bool) -> TaskBatch:
        read = self._log[: self._at]
        return TaskBatch(
            task=self._number,
            generation=1,
            floor=self._floor,
            records=[_records(topic, self._number, piece) for topic in dict.fromkeys(record.topic for record in piece)],
            offsets={topic: sum(record.topic == topic for record in read) for topic in self._topics},
            flush=flush,
            topic_ids={},
            cluster_id="",
            live_from_ms=0,
            ends=self._ends,
            history=history,
        )


def _records(topic: str, task: int, piece: Sequence[Record]) -> Records:
    mine = [record for record in piece if record.topic == topic]
    return Records(
        topic,
        task,
        [r.offset for r in mine],
        [r.append_ms for r in mine],
        [r.key for r in mine],
        [None if r.tick is not None else r.value for r in mine],
        [r.tick for r in mine] if any(r.tick is not None for r in mine) else [],
    )


def run_in_process(  # noqa: PLR0913
    log: Sequence[Record],
    settings: Settings,
    *,
    sizes: Iterator[int],
    seed: int = 0,
    flush_share: float = 0.5,
    snapshot_share: float = 0.3,
    crash_share: float = 0.0,
) -> dict[str, Rows]:
    """Returns the rows of every table under their keys.

    Args:
        log: Records of any topics and partitions, in offset order within each; a task's are read in append order.
        settings: Rules of the flow.
        sizes: Batch sizes.
        seed: Seed of flushes, snapshots and crashes.
        flush_share: Share of batches after which rows are written; the last one always is.
        snapshot_share: Share of batches after which the state is snapshot.
        crash_share: Share of batches after which the worker dies and goes on from its last snapshot.
    """
    rng, database = random.Random(seed), Database()
    for number in sorted({record.partition for record in log}):
        mine = sorted((r for r in log if r.partition == number), key=lambda r: (r.append_ms, r.topic, r.offset))
        task = Task(number, mine, settings, database)
        crashes = 0
        while not task.done:
            task.step(next(sizes), flush=rng.random() < flush_share, history=rng.random() < 0.5)
            if rng.random() < snapshot_share:
                task.snapshot()
            if rng.random() < crash_share and crashes < 50:
                task.crash()
                crashes += 1
        task.step(0, flush=True)
    return database.tables
