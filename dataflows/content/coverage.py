"""How much of a video was covered, and where: unions of stretches and twentieths of the length, by one sweep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflows.operators.ordering import order_of
from dataflows.operators.segments import Bools, Ints, starts_of

BINS: Final = 20
_POSITION_BITS: Final = 35
"""A day of milliseconds, times `BINS`, needs 31."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the stretches of each view cover; arrays have shape (views,).

    Attributes:
        unique_ms: Length of their union.
        bins: Bit k is set where at least half of the k-th twentieth of the length is covered; 0 without a length.
        twice_bins: Likewise, covered by two stretches or more.
    """

    unique_ms: Ints
    bins: Ints
    twice_bins: Ints


@dataclass(frozen=True, slots=True)
class _Sweep:
    """The edges of all stretches in order of (view, position), positions in units of 1/20 ms.

    So the twentieths of any whole length begin at whole numbers. `depth` stretches lie over the segment from each
    edge to the next.
    """

    key: Ints
    depth: Ints

    def covered(self, at_least: int) -> tuple[Bools, Ints]:
        """Returns which segments have that depth, and their length before each edge, running over all views."""
        deep = self.depth >= at_least
        length = np.where(deep, np.diff(self.key, append=self.key[-1:]), 0)
        return deep, np.cumsum(length) - length


def cover(view: Ints, start_ms: Ints, end_ms: Ints, length_ms: Ints) -> Coverage:
    """Returns what the stretches of each view cover.

    Args:
        view: The view of each stretch, an index into `length_ms`.
        start_ms: Where each begins.
        end_ms: Where it ends; at most a day.
        length_ms: The length of each view's video; -1 where unknown.

    Example:
        >>> found = cover(*(np.array(part) for part in ([0, 0], [0, 500], [1000, 1500], [2000])))
        >>> found.unique_ms.tolist(), bin(found.bins[0]), bin(found.twice_bins[0])
        ([1500], '0b111111111111111', '0b1111100000')
    """
    unique, bins, twice = (np.zeros(len(length_ms), np.int64) for _ in range(3))
    if len(view):
        sweep = _sweep(view, start_ms, end_ms)
        edges = starts_of(sweep.key >> _POSITION_BITS)
        deep, before = sweep.covered(1)
        ends = np.append(before[edges[1:]], before[-1])  # the last edge of a view opens no segment
        unique[sweep.key[edges] >> _POSITION_BITS] = (ends - before[edges]) // BINS
        known = np.flatnonzero(length_ms > 0)
        bins[known] = _bins(sweep, known, length_ms[known], 1)
        twice[known] = _bins(sweep, known, length_ms[known], 2)
    return Coverage(unique, bins, twice)


def _sweep(view: Ints, start_ms: Ints, end_ms: Ints) -> _Sweep:
    base = view << _POSITION_BITS
    keys = np.concatenate([base + start_ms * BINS, base + end_ms * BINS])
    change = np.repeat(np.array([1, -1], np.int64), len(view))
    order = order_of(keys)
    return _Sweep(keys[order], np.cumsum(change[order]))


def _bins(sweep: _Sweep, view: Ints, length_ms: Ints, at_least: int) -> Ints:
    """Returns the bits of the twentieths that are covered to at least a half, for some views."""
    deep, before = sweep.covered(at_least)
    edge = (view << _POSITION_BITS)[:, None] + length_ms[:, None] * np.arange(BINS + 1)
    at = np.searchsorted(sweep.key, edge, side="right") - 1
    # Between the views lies no stretch, so a segment found in the view before has depth 0.
    upto = np.where(at >= 0, before[at] + np.where(deep[at], edge - sweep.key[at], 0), 0)
    # In these units a twentieth is as long as the number of the video's milliseconds.
    half: Bools = 2 * np.diff(upto, axis=1) >= length_ms[:, None]
    bits: Ints = half.astype(np.int64) @ (1 << np.arange(BINS, dtype=np.int64))
    return bits
