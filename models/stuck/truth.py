"""What *truly stuck* means in a log (docs/stuck.md): it looks only at what comes after, and knows no rule."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from dataflows.stuck import rules
from dataflows.stuck.marks import DONE, RIGHT, WRONG, Mark

MORE_FAILS: Final = 3
LEAVES_WITHIN_MS: Final = 1_200_000


def judgeable(students: Iterable[Sequence[Mark]]) -> frozenset[str]:
    """Returns the items of which the log tells anybody's success or failure; of others nobody knows who is stuck."""
    return frozenset(
        mark.item for marks in students for mark in marks if mark.item and mark.verb in {RIGHT, WRONG, DONE}
    )


class Truth:
    """A student's log, asked afterwards.

    Example:
        >>> truth = Truth([Mark(minute * 60_000, minute, WRONG, "q") for minute in range(5)], ends_ms=10**8)
        >>> truth.is_stuck("q", 60_000), truth.is_stuck("q", 10**8)
        (True, None)
    """

    def __init__(self, marks: Sequence[Mark], ends_ms: int, items: frozenset[str] | None = None) -> None:
        """Takes a student's marks.

        Args:
            marks: In their order.
            ends_ms: When the log ends.
            items: Those that can be judged (`judgeable`); None: all.
        """
        self._ends_ms = ends_ms
        self._marks: dict[str, list[Mark]] = {}
        for mark in marks:
            if mark.item and (items is None or mark.item in items):
                self._marks.setdefault(mark.item, []).append(mark)
        self._times = {item: [mark.time_ms for mark in found] for item, found in self._marks.items()}

    def is_stuck(self, item: str, at_ms: int) -> bool | None:
        """Returns whether the student is truly stuck on an item.

        None where the log cannot say: it ends too soon, or tells of nobody whether they succeed there.
        """
        if at_ms + LEAVES_WITHIN_MS > self._ends_ms or item not in self._marks:
            return None
        fails, last_ms = 0, at_ms
        for mark in self._marks[item][bisect_right(self._times[item], at_ms) :]:
            if mark.time_ms - last_ms >= rules.SITTING_GAP_MS:
                break
            if mark.verb in {RIGHT, DONE}:
                return False
            last_ms = mark.time_ms
            fails += mark.verb == WRONG
            if fails == MORE_FAILS:
                return True
        return last_ms - at_ms <= LEAVES_WITHIN_MS
