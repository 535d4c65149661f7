"""The event time of one task: the watermark that each record met, and how far the task is settled."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import polars as pl

from dataflows.kafka import metrics
from dataflows.kafka.batch import TaskBatch
from dataflows.operators.segments import Bools, Ints
from dataflows.operators.watermark import NEVER, Watermarks

COUNTED_ROLE = "student"

State = tuple[dict[str, int], int]


class Timed(Protocol):
    """What a batch tells and is told about time."""

    source: TaskBatch
    watermarks: dict[str, int]
    low: int
    live_append_ms: Ints
    before_ms: dict[str, Ints]


class EventTime:
    """Watermarks of a task's topics, and the append times of live records that no write has contained yet."""

    def __init__(self) -> None:
        """Starts without a watermark."""
        self._marks = Watermarks()
        self._settled_ms = NEVER
        self._live: list[Ints] = []

    def meet(self, batch: Timed, topic: str, frame: pl.DataFrame) -> tuple[Ints, Ints]:
        """Takes a topic's decoded records.

        Args:
            batch: The batch that they are of.
            topic: The topic.
            frame: `event_ms`, `append_ms` and `is_tick` of its rows, in log order.

        Returns:
            The watermark that each row met, and by which it is late: a topic's very first records may be older than
            what the others have settled, which stays as it is.
        """
        event_ms, append_ms = frame["event_ms"].to_numpy(), frame["append_ms"].to_numpy()
        given = batch.before_ms.get(topic)
        before = self._marks.advance(topic, event_ms, append_ms)
        before = before if given is None else given
        is_event = ~frame["is_tick"].to_numpy()
        metrics.DELIVERY_DELAY.observe_ms((append_ms - event_ms)[is_event])
        self._live.append(append_ms[is_event & (append_ms >= batch.source.live_from_ms)])
        return before, np.maximum(before, self._settled_ms)

    def settle(self, batch: Timed) -> None:
        """Tells the batch how far its task has come."""
        if batch.source.beat:
            metrics.note_watermarks(batch.source.task, self._marks.marks)
        if batch.source.writes and self._live:
            batch.live_append_ms, self._live = np.concatenate(self._live), []
        batch.watermarks = dict(self._marks.marks)
        batch.low = self._marks.low_once_begun(batch.source.offsets, batch.source.ends)
        self._settled_ms = max(self._settled_ms, batch.low)

    @property
    def settled_ms(self) -> int:
        """The highest that the lowest watermark ever was: a topic's very first records take nothing of it back."""
        return self._settled_ms

    def state(self) -> State:
        """Returns the watermarks, and how far time is settled."""
        return self._marks.marks, self._settled_ms

    def restore(self, state: State) -> None:
        """Continues from a snapshot."""
        self._marks, self._settled_ms = Watermarks(state[0]), state[1]


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
