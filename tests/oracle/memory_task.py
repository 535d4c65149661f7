"""Tasks of `memory`, or of another flow of several topics, without Kafka, Bytewax and database.

Batches in, tables and recommendations out, crashes too.
"""

from __future__ import annotations

import json
import pickle
import random
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from dataflows.batch import Records, TaskBatch
from dataflows.memory import flow as memory
from dataflows.operators import builder
from dataflows.settings import Settings
from dataflows.sink.changes import Changes
from dataflows.sink.tables import TABLES
from tests.e2e.tables import MEMORY
from tests.known import Known
from tests.oracle.memory import Rows
from tests.oracle.reading import Record
from tests.oracle.task import plain

RECOMMENDATIONS = "revision_recommendation_events"


@dataclass
class MemoryRun:
    """One task over its topics, as workers would run it.

    Attributes:
        logs: The task's records by topic, each in offset order.
        settings: The flow's settings.
        tables: What the database would hold.
        published: The recommendations in the order in which they were published, repeats included.
        flow: The flow's module.
    """

    logs: dict[str, list[Record]]
    settings: Settings
    tables: dict[str, Rows] = field(default_factory=lambda: {table: {} for table in MEMORY})
    published: list[dict[str, Any]] = field(default_factory=list)
    flow: Any = memory
    committed: dict[str, int] = field(default_factory=dict)
    _known: Known = field(default_factory=Known)

    def run(self, rng: random.Random, crashes: int = 0, restarts: float = 0.2, slow: bool = True) -> MemoryRun:
        """Reads the logs in random batches and in random order; crashes and goes on from the last snapshot.

        Args:
            rng: Decides everything.
            crashes: After how many crashes the rest is read in peace.
            restarts: Share of batches after which every operator goes through its snapshot.
            slow: Whether a topic may lag far behind the others.
        """
        self.task = next(iter(self.logs.values()))[0].partition
        snapshot: tuple[dict[str, int], bytes] | None = None
        for life in range(crashes + 1):
            operators, read = builder.pipeline(self.flow, self.task, self.settings), dict.fromkeys(self.logs, 0)
            if snapshot is not None:
                read = dict(snapshot[0])
                operators = self._restored(snapshot[1])
            floor = dict(self.committed)
            left = sum(len(log) - read[topic] for topic, log in self.logs.items())
            ends_at = left if life == crashes else rng.randrange(left + 1)
            favourite = rng.choice(list(self.logs))
            while ends_at > 0:
                waiting = [topic for topic, log in self.logs.items() if read[topic] < len(log)]
                chosen = favourite if slow and favourite in waiting and rng.random() < 0.7 else rng.choice(waiting)
                size = min(ends_at, rng.choice((1, 1, 2, 3, 7, 50, 1000)), len(self.logs[chosen]) - read[chosen])
                piece = self.logs[chosen][read[chosen] : read[chosen] + size]
                read[chosen] += size
                ends_at -= size
                dies = life < crashes and rng.random() < 0.1
                if not self._step(operators, [_records(piece)], read, floor, flush=rng.random() < 0.4, dies=dies):
                    break
                if rng.random() < restarts:
                    operators = self._restored(pickle.dumps([operator.state() for operator in operators]))
                if rng.random() < 0.2:
                    snapshot = dict(read), pickle.dumps([operator.state() for operator in operators])
        # what is pending is written at the next flush, whether or not a record comes
        self._step(operators, [], read, floor, flush=True, dies=False)
        return self

    def _restored(self, snapshot: bytes) -> list[Any]:
        operators = builder.pipeline(self.flow, self.task, self.settings)
        for operator, state in zip(operators, pickle.loads(snapshot), strict=True):
            operator.restore(state)
        return operators

    def _step(  # noqa: PLR0913
        self,
        operators: list[Any],
        records: list[Records],
        read: dict[str, int],
        floor: dict[str, int],
        *,
        flush: bool,
        dies: bool,
    ) -> bool:
        """Takes one batch; returns False where it died after publishing and before the commit."""
        offsets = {topic: self.logs[topic][n - 1].offset + 1 if n else 0 for topic, n in read.items()}
        ends = {topic: log[-1].offset + 1 for topic, log in self.logs.items()}
        item = self.flow.decode(
            TaskBatch(self.task, 1, floor, records, offsets, flush, {}, "", 0, ends),
            self.settings,
        )
        for operator in operators:
            item = operator.process(item)
        for changes in self.flow.gather(item):
            self._publish(changes)
            if dies:
                return False
            self._commit(changes)
            self.committed = offsets
        return True

    def _publish(self, changes: Changes) -> None:
        for key, value in changes.records.get(RECOMMENDATIONS, []):
            body = json.loads(value)
            assert key.decode() == body["user_id"]
            self.published.append(body)

    def _commit(self, changes: Changes) -> None:
        for table, spans in changes.replaces.items():
            self._replace(table, plain(spans), changes.rows.get(table))
        for table, frame in changes.rows.items():
            if table == "consents":
                continue
            key, stored, seen = TABLES[table].key, self.tables[table], set[tuple[Any, ...]]()
            for values in self._known.believed(TABLES[table], plain(frame).to_dicts(), stored):
                at = tuple(values.pop(name) for name in key)
                keeps = TABLES[table].on_conflict == "keep"
                assert keeps or at not in seen, f"{table} writes {at} twice in one go"
                seen.add(at)
                if not keeps or at not in stored:
                    stored[at] = values

    def _replace(self, table: str, spans: pl.DataFrame, rows: pl.DataFrame | None) -> None:
        span, key = TABLES[table].span, TABLES[table].key
        assert span is not None
        kept = set(plain(rows).select(key).iter_rows()) if rows is not None else set()
        since = {tuple(row[name] for name in span.owner): row["since"] for row in spans.to_dicts()}
        for at in list(self.tables[table]):
            named = self.tables[table][at] | dict(zip(key, at, strict=True))
            start = since.get(tuple(named[name] for name in span.owner))
            if start is not None and named[span.time] >= start and at not in kept:
                del self.tables[table][at]


def _records(piece: list[Record]) -> Records:
    ticks = [record.tick for record in piece]
    return Records(
        piece[0].topic,
        piece[0].partition,
        [record.offset for record in piece],
        [record.append_ms for record in piece],
        [record.key for record in piece],
        [record.value for record in piece],
        ticks if any(tick is not None for tick in ticks) else [],
        replayed=[True] * len(piece),  # reviews of years: of a live topic they would be too old
    )


def run_tasks(  # noqa: PLR0913
    records: list[Record],
    settings: Settings,
    seed: int,
    flow: Any = memory,
    names: tuple[str, ...] = MEMORY,
    **how: Any,
) -> tuple[dict[str, Rows], list[str]]:
    """Runs every task of a log; returns all tables, and the event_ids in the order in which they were published."""
    rng = random.Random(seed)
    tables: dict[str, Rows] = {table: {} for table in names}
    published: list[str] = []
    for task in sorted({record.partition for record in records}):
        logs: dict[str, list[Record]] = {}
        for record in records:
            if record.partition == task:
                logs.setdefault(record.topic, []).append(record)
        done = MemoryRun(logs, settings, {table: {} for table in names}, flow=flow).run(rng, **how)
        for table, rows in done.tables.items():
            tables[table] |= rows
        published += [body["event_id"] for body in done.published]
    return tables, published
