"""Which late events count: those of a day that the nightly run has added, up to the place that it had come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from dataflows.operators import packing
from dataflows.operators.calendar import Calendar
from dataflows.operators.segments import Bools, Ints
from dataflows.operators.watermark import NEVER

Places = dict[str, dict[str, int]]
"""Places by topic (as the broker knows it) and partition (as text): the first that does not count."""

Judge = Callable[[Any, Ints], Bools]
"""Says which rows of a decoded batch of one topic are events of students that came too late, by what each met."""

_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Found:
    """Events of one topic-partition that were let through; arrays have shape (n,).

    Attributes:
        task: The task.
        decoded: Where the codes of the frame are looked up.
        frame: The rows.
        new: Which of them are added now, not in time and not by an earlier night.
    """

    task: int
    decoded: Any
    frame: pl.DataFrame
    new: Bools


@dataclass(slots=True)
class Admit:
    """The first step of a late day's pipeline: what came in time passes, and what its day counts although it was late.

    Attributes:
        judge: The flow's.
        calendar: Local days.
        upto: By day, up to which places its late events count.
        day: The day that is added to.
        since: Up to which places it counted them before.
        begun: By task and topic, what was settled before the topic's first record: no record met less.
        found: What passed, for whoever asks what is touched.
    """

    judge: Judge
    calendar: Calendar
    upto: dict[date, Places]
    day: date
    since: Places
    begun: dict[tuple[int, str], int]
    found: list[Found] = field(default_factory=list)

    def process(self, batch: Any) -> Any:  # noqa: ANN401
        """Drops late events that no day counts; of the others none is late to the steps that follow."""
        decoded = []
        for topic, part in batch.decoded:
            before = batch.before_ms.get(topic)
            if before is None:  # a tick
                decoded.append((topic, part))
                continue
            task = batch.source.task
            met = np.maximum(before, self.begun.get((task, topic), NEVER))
            late, (counted, new) = self.judge(part, met), self._counted(part.frame, topic, task)
            passes = ~late | counted
            kept = part.frame.filter(passes)
            decoded.append((topic, type(part)(**{**_fields(part), "frame": kept})))
            batch.before_ms[topic] = before[passes]
            self.found.append(Found(task, part, kept, (late & new)[passes]))
        batch.decoded = decoded
        return batch

    def _counted(self, frame: pl.DataFrame, topic: str, task: int) -> tuple[Bools, Bools]:
        """Returns which rows their day counts if they are late, and which of these are new."""
        place, minute = frame["offset"].to_numpy(), packing.minute_of(frame["event_ms"].to_numpy())
        days, at = np.unique(self.calendar.day_of(minute), return_inverse=True)
        dates = [_EPOCH + timedelta(days=int(day)) for day in days]
        limits = np.array([place_of(self.upto.get(day, {}), topic, task) for day in dates], np.int64)
        mine = np.array([day == self.day for day in dates], np.bool_)
        if not dates:
            return np.zeros(0, np.bool_), np.zeros(0, np.bool_)
        counted: Bools = place < limits[at]
        return counted, counted & mine[at] & (place >= place_of(self.since, topic, task))

    def state(self) -> None:
        """Keeps nothing."""

    def restore(self, state: Any) -> None:  # noqa: ANN401
        """Keeps nothing."""


def place_of(places: Places, topic: str, partition: int) -> int:
    """Returns a topic-partition's place; 0 where there is none.

    Example:
        >>> place_of({"clickstream_events": {"3": 42}}, "clickstream_events", 3)
        42
    """
    return places.get(topic, {}).get(str(partition), 0)


def _fields(part: Any) -> dict[str, Any]:  # noqa: ANN401
    return {name: getattr(part, name) for name in type(part).__dataclass_fields__}
