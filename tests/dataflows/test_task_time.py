"""Rows of history wait for their interval, but never for much event time: a night takes them as written."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dataflows.batch import TaskBatch
from dataflows.engagement.columns import Batch
from dataflows.task_time import HISTORY_BEHIND_MS, TaskTime

TOPIC = "clickstream_events"
NOON_MS = 1_700_049_600_000


def settled(time: TaskTime, at_ms: int, *, flush: bool = True) -> Batch:
    """Returns a batch, one not meant for history, after a tick."""
    source = TaskBatch(0, 1, {}, [], {TOPIC: 1}, flush, {}, "mock", 0, ends={TOPIC: 1}, history=False)
    batch = Batch(source=source, decoded=[])
    tick = pl.DataFrame({"event_ms": [at_ms], "append_ms": [at_ms], "is_tick": [True]})
    time.meet(batch, TOPIC, tick)
    time.settle(batch)
    return batch


@pytest.mark.parametrize(("further_ms", "is_due"), [(1_000, False), (HISTORY_BEHIND_MS, False), (3_600_000, True)])
def test_a_leap_of_event_time_is_history_at_once(further_ms: int, is_due: bool) -> None:
    time = TaskTime()
    assert settled(time, NOON_MS).source.writes_history
    assert settled(time, NOON_MS + further_ms).source.writes_history == is_due


def test_small_steps_add_up_and_nothing_is_due_without_a_flush() -> None:
    time = TaskTime()
    settled(time, NOON_MS)
    steps = np.arange(1, 8) * 60_000
    assert [settled(time, NOON_MS + int(step)).source.writes_history for step in steps] == [
        *[False] * 5, True, False
    ]  # fmt: skip
    assert not settled(time, NOON_MS + 7_200_000, flush=False).source.writes_history
    assert settled(time, NOON_MS + 7_200_000).source.writes_history
