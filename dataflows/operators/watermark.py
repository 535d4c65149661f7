"""Event time from the log alone (decision 3): one watermark a topic-partition, judged record by record."""

from __future__ import annotations

from typing import Final

import numpy as np

from dataflows.operators.segments import Bools, Ints

NEVER: Final = -(1 << 62)
"""The watermark before a topic-partition's first record: below every time."""


class Watermarks:
    """The watermarks of one task's topic-partitions.

    The watermark before a record is the highest min(event time, append time) of the records *before* it, so a batch
    needs one shifted running maximum and its size cannot change any judgement.

    Example:
        >>> marks = Watermarks()
        >>> marks.advance("t", np.array([5, 9, 7]), np.array([6, 8, 10])).tolist()[1:]
        [5, 8]
        >>> marks.low
        8
    """

    def __init__(self, marks: dict[str, int] | None = None) -> None:
        """Starts from the watermarks of a snapshot, or from none."""
        self.marks: dict[str, int] = dict(marks or {})

    def advance(self, topic: str, event_ms: Ints, append_ms: Ints) -> Ints:
        """Takes accepted records and ticks of one topic-partition in log order.

        Args:
            topic: The topic.
            event_ms: Event times (a tick's own time) in epoch milliseconds, shape (n,).
            append_ms: Append times, shape (n,); they cap a clock that runs ahead.

        Returns:
            The watermark that each record met, shape (n,); `NEVER` before the first.
        """
        running = np.empty(len(event_ms) + 1, np.int64)
        running[0] = self.marks.get(topic, NEVER)
        np.minimum(event_ms, append_ms, out=running[1:])
        np.maximum.accumulate(running, out=running)
        if len(event_ms):
            self.marks[topic] = int(running[-1])
        return running[:-1]

    @property
    def low(self) -> int:
        """The lowest watermark of the topic-partitions that ever held a record; what it has passed is settled."""
        return min(self.marks.values(), default=NEVER)

    def low_once_begun(self, offsets: dict[str, int], ends: dict[str, int]) -> int:
        """Returns the lowest watermark; none while a topic whose log holds records has shown no event yet.

        Args:
            offsets: Next offset to read by topic.
            ends: Where the topics ended when this worker started.

        Example:
            >>> Watermarks({"a": 5}).low_once_begun({"a": 1, "b": 0}, {"a": 1, "b": 3}) == NEVER
            True
        """
        waits = any(topic not in self.marks and offsets.get(topic, 0) < end for topic, end in ends.items())
        return NEVER if waits else self.low


def is_late(before: Ints, window_end_ms: Ints, lateness_ms: int) -> Bools:
    """Returns whether each record is late: its watermark had passed its window's end by the lateness."""
    return before >= window_end_ms + lateness_ms
