"""The steps `watermark` and `dedupe` of declared flows: which events are in time, and the first of their id."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflows import metrics
from dataflows.operators.declared import Batch, Judged
from dataflows.operators.dedupe import SeenByTopic
from dataflows.operators.event_time import State
from dataflows.operators.reading import chosen
from dataflows.operators.watermark import is_late
from dataflows.operators.windows import Window
from dataflows.task_time import TaskTime


class JudgeTime:
    """Watermarks and lateness (ADR 3): everybody's records move the watermark, whether they are counted or not."""

    def __init__(self, flow: str, window: Window, filters: dict[str, tuple[str, ...]], lateness_ms: int) -> None:
        """Starts without a watermark.

        Args:
            flow: The flow's name.
            window: Its windows.
            filters: Which events it counts.
            lateness_ms: The allowed lateness.
        """
        self._flow, self._window, self._filters, self._lateness_ms = flow, window, filters, lateness_ms
        self._time = TaskTime()

    def process(self, batch: Batch) -> Batch:
        """Notes of every event what it met, whether it counts and whether it is late."""
        for topic, one in batch.decoded:
            before, met = self._time.meet(batch, topic, one.frame)
            counts = chosen(one, self._filters)
            withheld = batch.withheld.get(topic)
            if withheld is not None:
                counts &= ~withheld
            until_ms = self._window.until_ms(one.frame["event_ms"].to_numpy())
            late = counts & is_late(met, until_ms, self._lateness_ms)
            if late.any():
                metrics.LATE_EVENTS.labels(self._flow).inc(int(late.sum()))
            batch.judged.append(Judged(topic, one, before, counts, late))
        self._time.settle(batch)
        return batch

    def state(self) -> State:
        """Returns the watermarks, and how far time is settled."""
        return self._time.state()

    def restore(self, state: State) -> None:
        """Continues from a snapshot."""
        self._time.restore(state)


class FirstOfId:
    """Keeps, of the events that count and are in time, those that are the first record of their event_id.

    All events are looked at: the archive holds the first record of an id, whoever's it is, and a rebuild reads that.
    """

    def __init__(self, flow: str, known_ms: int) -> None:
        """Starts with no id seen; `known_ms`: for how long an id is known (`dedupe.Seen`)."""
        self._flow, self._seen = flow, SeenByTopic(known_ms)

    def process(self, batch: Batch) -> Batch:
        """Notes the rows that are to be counted."""
        for judged in batch.judged:
            frame = judged.read.frame
            is_event = ~frame["is_tick"].to_numpy()
            withheld = batch.withheld.get(judged.topic)
            if withheld is not None:
                is_event &= ~withheld
            whole = bool(is_event.all())
            hi, lo, event_ms = (
                frame[name].to_numpy() if whole else frame[name].to_numpy()[is_event]
                for name in ("id_hi", "id_lo", "event_ms")
            )
            before = judged.before if whole else judged.before[is_event]
            first = np.zeros(len(frame), np.bool_)
            first[is_event] = self._seen.of(judged.topic).first_of(hi, lo, event_ms, before)
            if repeats := int((judged.counts & ~first & ~judged.late).sum()):
                metrics.DUPLICATES.labels(self._flow).inc(repeats)
            judged.rows = np.flatnonzero(judged.counts & first & ~judged.late)
        return batch

    def state(self) -> Any:  # noqa: ANN401
        """Returns the ids that may still come again."""
        return self._seen.state()

    def restore(self, state: Any) -> None:  # noqa: ANN401
        """Continues from a snapshot's ids."""
        self._seen.restore(state)
