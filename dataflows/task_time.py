"""The event time of a flow's task: what it says goes into each batch, and is measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol

import numpy as np
import polars as pl

from dataflows import metrics
from dataflows.batch import Settled, TaskBatch
from dataflows.operators.event_time import EventTime, State
from dataflows.operators.segments import Ints
from dataflows.operators.watermark import NEVER

HISTORY_BEHIND_MS: Final = 300_000
"""So much event time at most waits in rows of history: a night takes what is a quarter of an hour old as written."""


class Timed(Protocol):
    """The batch of a flow, as far as time is concerned.

    `before_ms` is read; `source` may be told to write history too; the rest is set.
    """

    source: TaskBatch
    watermarks: dict[str, int]
    settled: Settled
    low: int
    live_append_ms: Ints
    before_ms: dict[str, Ints]


class TaskTime:
    """`EventTime` of one task, and the append times of live records that no write has contained yet."""

    def __init__(self) -> None:
        """Starts without a watermark."""
        self._time = EventTime()
        self._live: list[Ints] = []
        self._history_upto_ms = NEVER

    def meet(self, batch: Timed, topic: str, frame: pl.DataFrame) -> tuple[Ints, Ints]:
        """Takes a topic's decoded records; returns what `EventTime.meet` does.

        Args:
            batch: The batch that they are of.
            topic: The topic.
            frame: `event_ms`, `append_ms` and `is_tick` of its rows, in log order.
        """
        event_ms, append_ms = frame["event_ms"].to_numpy(), frame["append_ms"].to_numpy()
        met = self._time.meet(topic, event_ms, append_ms, batch.source.settled, batch.before_ms.get(topic))
        is_event = ~frame["is_tick"].to_numpy()
        metrics.DELIVERY_DELAY.observe_ms((append_ms - event_ms)[is_event])
        self._live.append(append_ms[is_event & (append_ms >= batch.source.live_from_ms)])
        return met

    def settle(self, batch: Timed) -> None:
        """Sets how far the batch's task has come."""
        source = batch.source
        if source.flush:
            metrics.note_watermarks(source.task, self._time.marks)
        if source.writes and self._live:
            batch.live_append_ms, self._live = np.concatenate(self._live), []
        batch.watermarks = dict(self._time.marks)
        batch.settled = self._time.settle(source.settled, source.offsets, source.ends, writes=source.writes)
        batch.low = self._time.settled_ms
        # In half a minute of catching up pass hours of event time, which must not wait so long.
        if batch.low - self._history_upto_ms > HISTORY_BEHIND_MS and not source.history:
            batch.source = replace(source, history=True)
        if batch.source.writes_history:
            self._history_upto_ms = batch.low

    def state(self) -> State:
        """Returns the event time's state."""
        return self._time.state()

    def restore(self, state: State) -> None:
        """Continues from a snapshot."""
        self._time.restore(state)
