"""The event time of one task: the watermark that each record met, and how far the task is settled."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import polars as pl

from dataflows import metrics
from dataflows.batch import Settled, TaskBatch
from dataflows.operators.segments import Bools, Ints
from dataflows.operators.watermark import NEVER, Watermarks

COUNTED_ROLE = "student"

State = tuple[dict[str, int], int, dict[str, int], int]


class Timed(Protocol):
    """What a batch tells and is told about time."""

    source: TaskBatch
    watermarks: dict[str, int]
    settled: Settled
    low: int
    live_append_ms: Ints
    before_ms: dict[str, Ints]


class EventTime:
    """Watermarks of a task's topics, and the append times of live records that no write has contained yet.

    A record is judged by the greater of two: the watermark of its own topic-partition, and what the task had settled
    before that topic-partition's *first* record, which may be older than what the others have settled. Neither grows
    with what the others hold later, so in which turns topics are read, and by what batches, is of no consequence once
    each of them has begun; before that, the database remembers what was settled, and a replay and a rebuild go by it.
    What is settled never shrinks, and no record meets less: nothing in time touches what was final.
    """

    def __init__(self) -> None:
        """Starts without a watermark."""
        self._marks = Watermarks()
        self._settled_ms = NEVER
        self._begun: dict[str, int] = {}
        self._wrote_ms = NEVER
        self._live: list[Ints] = []

    def meet(self, batch: Timed, topic: str, frame: pl.DataFrame) -> tuple[Ints, Ints]:
        """Takes a topic's decoded records.

        Args:
            batch: The batch that they are of.
            topic: The topic.
            frame: `event_ms`, `append_ms` and `is_tick` of its rows, in log order.

        Returns:
            The watermark of its own topic-partition before each row, by which it is a repeat; and what the row met, by
            which it is late.
        """
        event_ms, append_ms = frame["event_ms"].to_numpy(), frame["append_ms"].to_numpy()
        given = batch.before_ms.get(topic)
        before = self._marks.advance(topic, event_ms, append_ms)
        if len(frame) and topic not in self._begun:
            self._begun[topic] = self._settled_before(batch.source.settled, topic)
        before = before if given is None else given
        is_event = ~frame["is_tick"].to_numpy()
        metrics.DELIVERY_DELAY.observe_ms((append_ms - event_ms)[is_event])
        self._live.append(append_ms[is_event & (append_ms >= batch.source.live_from_ms)])
        return before, np.maximum(before, self._begun.get(topic, NEVER))

    def _settled_before(self, known: Settled, topic: str) -> int:
        """Returns what is settled before the first record of a topic; one that is read again began as it had begun."""
        if topic in known.begun:
            return ms_of(known.begun[topic])
        return max(self._settled_ms, ms_of(known.upto_ms))

    def settle(self, batch: Timed) -> None:
        """Tells the batch how far its task has come."""
        if batch.source.beat:
            metrics.note_watermarks(batch.source.task, self._marks.marks)
        if batch.source.writes and self._live:
            batch.live_append_ms, self._live = np.concatenate(self._live), []
        batch.watermarks = dict(self._marks.marks)
        low = self._marks.low_once_begun(batch.source.offsets, batch.source.ends)
        known = batch.source.settled
        # Before a replay has come as far as the database, records are read that were counted when less was settled.
        again = ms_of(known.upto_ms) if known.is_reached(batch.source.offsets) else NEVER
        self._settled_ms = max(self._settled_ms, low, again)
        batch.low = self._settled_ms
        begun = {topic: _or_none(ms) for topic, ms in self._begun.items()}
        batch.settled = Settled(_or_none(self._settled_ms), begun, wrote_ms=_or_none(self._wrote_ms))
        if batch.source.writes:
            self._wrote_ms = self._settled_ms

    def state(self) -> State:
        """Returns the watermarks; how far time is settled, was when each topic began, and was at the last write."""
        return self._marks.marks, self._settled_ms, self._begun, self._wrote_ms

    def restore(self, state: State) -> None:
        """Continues from a snapshot."""
        self._marks, self._settled_ms, self._begun = Watermarks(state[0]), state[1], dict(state[2])
        self._wrote_ms = state[3]


def ms_of(known: int | None) -> int:
    """Returns what the database remembers of a time: before every time where it is nothing."""
    return NEVER if known is None else known


def _or_none(ms: int) -> int | None:
    return None if ms == NEVER else ms


def of_students(frame: pl.DataFrame, acts: list[Any], code: str) -> Bools:
    """Returns which rows are events of students: only they count, but everybody's records move the watermark.

    Args:
        frame: A decoded frame.
        acts: What was done, by code; its first part is the role.
        code: The frame's column of these codes.
    """
    if not acts:
        return np.zeros(len(frame), np.bool_)
    counted = np.array([act[0] == COUNTED_ROLE for act in acts], np.bool_)
    found: Bools = counted[frame[code].to_numpy()] & ~frame["is_tick"].to_numpy()
    return found
