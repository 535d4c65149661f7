"""The event time of one task: the watermark that each record met, and how far the task is settled."""

from __future__ import annotations

import numpy as np

from dataflows.batch import Settled
from dataflows.operators.segments import Ints
from dataflows.operators.watermark import NEVER, Watermarks

State = tuple[dict[str, int], int, dict[str, int], int]


class EventTime:
    """Watermarks of a task's topics, and up to when the task is settled.

    A record is judged by the greater of two: the watermark of its own topic-partition, and what the task had settled
    before that topic-partition's *first* record, which may be older than what the others have settled. Neither grows
    with what the others hold later, so in which turns topics are read, and by what batches, is of no consequence once
    each of them has begun; before that, the database remembers what was settled, and a replay and a rebuild go by it.
    What is settled never shrinks, and no record meets less: nothing in time touches what was final.

    Attributes:
        settled_ms: Up to when the task is settled: no later record changes what lies before.
    """

    def __init__(self) -> None:
        """Starts without a watermark."""
        self._marks = Watermarks()
        self._begun: dict[str, int] = {}
        self._wrote_ms = NEVER
        self.settled_ms = NEVER

    @property
    def marks(self) -> dict[str, int]:
        """The watermark by topic."""
        return self._marks.marks

    def meet(
        self, topic: str, event_ms: Ints, append_ms: Ints, known: Settled, given: Ints | None = None
    ) -> tuple[Ints, Ints]:
        """Takes a topic's records.

        Args:
            topic: The topic.
            event_ms: Their event times in log order, epoch milliseconds, shape (n,).
            append_ms: Their append times, likewise.
            known: How far the task had come when it was claimed.
            given: The watermarks that they met when they first came, where that is known (a rebuild).

        Returns:
            The watermark of its own topic-partition before each row, by which it is a repeat; and what the row met, by
            which it is late.
        """
        before = self._marks.advance(topic, event_ms, append_ms)
        if len(event_ms) and topic not in self._begun:
            self._begun[topic] = self._settled_before(known, topic)
        before = before if given is None else given
        return before, np.maximum(before, self._begun.get(topic, NEVER))

    def _settled_before(self, known: Settled, topic: str) -> int:
        """Returns what is settled before the first record of a topic; one that is read again began as it had begun."""
        if topic in known.begun:
            return ms_of(known.begun[topic])
        return max(self.settled_ms, ms_of(known.upto_ms))

    def settle(self, known: Settled, offsets: dict[str, int], ends: dict[str, int], *, writes: bool) -> Settled:
        """Settles what the topics have all passed; returns how far the task has come, as it is to be remembered.

        Args:
            known: How far the task had come when it was claimed.
            offsets: Next offset to read by topic.
            ends: Where the topics ended when this worker started.
            writes: Whether this is written now.
        """
        low = self._marks.low_once_begun(offsets, ends)
        # Before a replay has come as far as the database, records are read that were counted when less was settled.
        again = ms_of(known.upto_ms) if known.is_reached(offsets) else NEVER
        self.settled_ms = max(self.settled_ms, low, again)
        begun = {topic: _or_none(ms) for topic, ms in self._begun.items()}
        settled = Settled(_or_none(self.settled_ms), begun, wrote_ms=_or_none(self._wrote_ms))
        if writes:
            self._wrote_ms = self.settled_ms
        return settled

    def state(self) -> State:
        """Returns the watermarks; how far time is settled, was when each topic began, and was at the last write."""
        return self._marks.marks, self.settled_ms, self._begun, self._wrote_ms

    def restore(self, state: State) -> None:
        """Continues from a snapshot."""
        self._marks, self.settled_ms, self._begun = Watermarks(state[0]), state[1], dict(state[2])
        self._wrote_ms = state[3]


def ms_of(known: int | None) -> int:
    """Returns what the database remembers of a time: before every time where it is nothing."""
    return NEVER if known is None else known


def _or_none(ms: int) -> int | None:
    return None if ms == NEVER else ms
