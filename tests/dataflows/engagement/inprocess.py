"""The engagement pipeline without Kafka and database: records in, the tables' last rows out."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import polars as pl

from dataflows.batch import Records, TaskBatch
from dataflows.engagement import flow as engagement
from dataflows.engagement.flow import decode, gather
from dataflows.operators import builder
from dataflows.settings import Settings
from dataflows.sink.tables import TABLES
from tests.oracle.reading import Record

Rows = dict[tuple[Any, ...], dict[str, Any]]


def batches(log: list[Record], sizes: Iterator[int], flush_share: float, rng: random.Random) -> Iterator[TaskBatch]:
    """Cuts one partition's log into batches; a last empty one is a flush."""
    start = 0
    while start < len(log):
        piece = log[start : start + next(sizes)]
        start += len(piece)
        flush, history = rng.random() < flush_share, rng.random() < 0.5
        yield _batch(piece, log[0].topic, log[0].partition, start, flush=flush, history=history)
    yield _batch([], log[0].topic, log[0].partition, start, flush=True)


def _batch(  # noqa: PLR0913
    piece: list[Record], topic: str, partition: int, offset: int, *, flush: bool, history: bool = True
) -> TaskBatch:
    records = Records(
        topic,
        partition,
        [r.offset for r in piece],
        [r.append_ms for r in piece],
        [r.key for r in piece],
        [None if r.tick is not None else r.value for r in piece],
        [r.tick for r in piece],
    )
    return TaskBatch(
        task=partition,
        generation=1,
        floor={},
        records=[records] if piece else [],
        offsets={topic: offset},
        flush=flush,
        topic_ids={},
        cluster_id="",
        live_from_ms=0,
        history=history,
    )


def run(
    log: Iterable[Record],
    settings: Settings,
    *,
    sizes: Iterator[int],
    seed: int = 0,
    flush_share: float = 0.5,
    restart_share: float = 0.0,
) -> dict[str, Rows]:
    """Returns the rows of every table under their keys, each as last written.

    Args:
        log: Records of any partitions, in offset order within each.
        settings: Rules of the flow.
        sizes: Batch sizes.
        seed: Seed of flushes and restarts.
        flush_share: Share of batches after which rows are written.
        restart_share: Share of batches after which every operator goes through its snapshot.
    """
    rng = random.Random(seed)
    tables: dict[str, Rows] = {
        name: {}
        for name in ("activity_windows", "student_state", "engagement_scores", "student_days", "student_day_classes")
    }
    logs: dict[int, list[Record]] = {}
    for record in log:
        logs.setdefault(record.partition, []).append(record)
    for task, part in logs.items():
        operators = builder.pipeline(engagement, task, settings)
        for batch in batches(part, sizes, flush_share, rng):
            item = decode(batch, settings)
            for operator in operators:
                item = operator.process(item)
            for changes in gather(item):
                for name, frame in changes.rows.items():
                    if name in tables:
                        store(tables[name], name, frame)
            if rng.random() < restart_share:
                snapshots = [pickle.dumps(o.state()) for o in operators]
                operators = builder.pipeline(engagement, task, settings)
                for operator, snapshot in zip(operators, snapshots, strict=True):
                    operator.restore(pickle.loads(snapshot))
    return tables


def store(table: Rows, name: str, frame: pl.DataFrame) -> None:
    """Upserts the rows that one write brings; a key may come once in it."""
    key = TABLES[name].key
    plain = frame.with_columns(pl.col(pl.Datetime).dt.epoch("ms"))
    keys: set[tuple[Any, ...]] = set()
    for row in plain.iter_rows(named=True):
        values = {k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()}
        at = tuple(values.pop(k) for k in key)
        assert at not in keys, f"{name} writes {at} twice in one go"
        keys.add(at)
        table[at] = values
