"""Half-open intervals of many owners at once: how much of a time is covered, and by which interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflows.operators.segments import Bools, Ints

TIME_BITS: Final = 42
MOST_TOGETHER: Final = 1 << 20
"""How many students are folded in one go: their places fit beside a time."""
ORIGIN_MS: Final = 946_684_800_000
"""2000-01-01; 42 bits of milliseconds reach the year 2139."""

LATEST_MS: Final = ORIGIN_MS + (1 << TIME_BITS) - 1
"""Later than every time: where an interval without an end ends."""


def key_of(owner: Ints, time_ms: Ints) -> Ints:
    """Packs (owner, time): sorting the key sorts by both, and differences of one owner's keys are milliseconds.

    Owners are students by their place among those that are folded together, at most `MOST_TOGETHER`.
    """
    return owner << TIME_BITS | (time_ms - ORIGIN_MS)


def time_of(keys: Ints) -> Ints:
    """Returns the time of (owner, time) keys, epoch milliseconds."""
    return (keys & ((1 << TIME_BITS) - 1)) + ORIGIN_MS


@dataclass(frozen=True, slots=True)
class Cover:
    """A union of intervals: disjoint, in order.

    Attributes:
        starts: Keys, ascending.
        ends: Keys; each above its start and at most the next start.
        before: What is covered before each start, milliseconds, over all owners.
    """

    starts: Ints
    ends: Ints
    before: Ints

    def upto(self, at: Ints) -> Ints:
        """Returns how much is covered before each key; only differences of one owner's keys mean anything."""
        if not len(self.starts):
            return np.zeros(len(at), np.int64)
        last = np.searchsorted(self.starts, at, side="right") - 1
        inside = np.minimum(at, self.ends[last]) - self.starts[last]
        return np.where(last >= 0, self.before[last] + inside, 0)

    def between(self, start: Ints, end: Ints) -> Ints:
        """Returns how much of each interval is covered, milliseconds."""
        return self.upto(end) - self.upto(start)


def union(starts: Ints, ends: Ints) -> Cover:
    """Returns the union of intervals.

    Args:
        starts: Keys, ascending, shape (n,).
        ends: Keys of the same owners, never below their starts.

    Example:
        >>> one = np.zeros(3, np.int64)
        >>> cover = union(key_of(one, ORIGIN_MS + np.array([0, 5, 20])), key_of(one, ORIGIN_MS + np.array([10, 8, 30])))
        >>> cover.upto(key_of(one, ORIGIN_MS + np.array([7, 15, 25]))).tolist()
        [7, 10, 15]
    """
    real = ends > starts
    starts, ends = starts[real], ends[real]
    if not len(starts):
        return Cover(starts, ends, starts)
    reached = np.maximum.accumulate(ends)
    apart = np.concatenate([[True], starts[1:] > reached[:-1]])
    heads = np.flatnonzero(apart)
    first, last = starts[heads], reached[np.append(heads[1:], len(starts)) - 1]
    return Cover(first, last, np.concatenate([[0], np.cumsum(last - first)[:-1]]))


def last_covering(starts: Ints, ends: Ints, at: Ints) -> Ints:
    """Returns, for each key, the index of the last interval that covers it; -1 where none does.

    The candidate is the last that has begun. Where it is over, an earlier one can only cover the key if it outlives
    the start of its successor: among those, which are few, the answer is found by halving over running maxima.

    Args:
        starts: Keys, ascending; the order of equal ones says which is the last.
        ends: Keys of the same owners.
        at: Any keys.
    """
    if not len(starts):
        return np.full(len(at), -1, np.int64)
    found: Ints = np.searchsorted(starts, at, side="right").astype(np.int64) - 1
    over = (found >= 0) & (ends[found] <= at)
    if over.any():
        found[over] = _among_longer(starts, ends, at[over], found[over])
    return found


def _among_longer(starts: Ints, ends: Ints, at: Ints, below: Ints) -> Ints:
    longer = np.flatnonzero(ends[:-1] > starts[1:])
    if not len(longer):
        return np.full(len(at), -1, np.int64)
    place = np.searchsorted(longer, below) - 1
    for step, highest in reversed(_running_maxima(ends[longer])):
        skip = (place >= 0) & (highest[place] <= at)
        place = np.where(skip, np.maximum(place - step, -1), place)
    return np.where(place >= 0, longer[place], -1)


def _running_maxima(values: Ints) -> list[tuple[int, Ints]]:
    """Returns (width, maximum of so many values up to each place) for the widths 1, 2, 4 and so on."""
    levels = [(1, values)]
    while levels[-1][0] < len(values):
        width, highest = levels[-1]
        wider = highest.copy()
        np.maximum(highest[width:], highest[:-width], out=wider[width:])
        levels.append((2 * width, wider))
    return levels


def runs_upto(mask: Bools, heads: Bools) -> Ints:
    """Returns the index of the last element up to and with each one, in its run, for which `mask` holds, or -1.

    Args:
        mask: Shape (n,).
        heads: Whether a run begins here.
    """
    index = np.arange(len(mask))
    last: Ints = np.maximum.accumulate(np.where(mask, index, -1))
    begun = np.maximum.accumulate(np.where(heads, index, 0))
    return np.where(last >= begun, last, -1)
