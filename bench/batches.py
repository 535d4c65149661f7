"""Batches of one task as the source would emit them, without Kafka."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.load import STUDENTS, Stamps, templates
from dataflows.batch import Records, TaskBatch

TOPIC = "clickstream_events"


def batches(events: int, *, per_s: float, batch_records: int, flush_every: int, tasks: int = 4) -> Iterator[TaskBatch]:
    """Yields the batches of one of `tasks` tasks: a share of the students, and of the events.

    Args:
        events: How many events, in this task.
        per_s: Events per second of event time, over all tasks.
        batch_records: Records a batch.
        flush_every: Rows are due after every so many batches.
        tasks: Over how many tasks the students are spread.
    """
    stamps = Stamps(templates(STUDENTS // tasks), seed=3)
    start_ms = int(time.time() * 1000) - int(events * tasks / per_s * 1000)
    step_ms = 1000 * tasks / per_s
    for number, first in enumerate(range(0, events, batch_records), 1):
        times = [start_ms + int((first + i) * step_ms) for i in range(min(batch_records, events - first))]
        pairs = [stamps.next(now_ms) for now_ms in times]
        records = Records(
            TOPIC,
            0,
            list(range(first, first + len(pairs))),
            times,
            [key for key, _value in pairs],
            [value for _key, value in pairs],
        )
        yield TaskBatch(
            task=0,
            generation=1,
            floor={},
            records=[records],
            offsets={TOPIC: first + len(pairs)},
            flush=number % flush_every == 0,
            topic_ids={},
            cluster_id="",
            live_from_ms=0,
        )
