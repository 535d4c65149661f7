"""Hopping windows: distinct members over the last N minutes, one window a minute."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dataflows.operators import packing
from dataflows.operators.segments import Bools, Ints, found_in, merge_sorted, unique_sorted


class TrailingMembers:
    """Counts, for every minute, the distinct members seen in the `span` minutes that end with it.

    A member seen at minute *m* belongs to the windows *m* … *m* + span − 1. Of the minutes of one member in one scope,
    sorted, each owns the windows that no earlier one owns; so a new minute adds its own windows, and takes from the
    next minute those that are owned by it from now on. That is exact under any order of arrival.

    Example:
        >>> trailing = TrailingMembers(span=5)
        >>> def key(minute): return packing.scope_student_minute(np.array([0]), np.array([7]), np.array([minute]))
        >>> windows, amounts = trailing.add(key(100))
        >>> packing.minute_in(windows).tolist(), amounts.tolist()
        ([100, 101, 102, 103, 104], [1, 1, 1, 1, 1])
        >>> windows, amounts = trailing.add(key(103))
        >>> packing.minute_in(windows).tolist()
        [105, 106, 107]
    """

    def __init__(self, span: int, keys: Ints | None = None) -> None:
        """`span` in minutes; `keys`: packed (scope, member, minute) of a snapshot, sorted."""
        self._span = span
        self.keys: Ints = np.empty(0, np.int64) if keys is None else keys

    def add(self, keys: Ints) -> tuple[Ints, Ints]:
        """Adds packed (scope, member, minute) keys, any order, with repeats.

        Returns:
            Packed (scope, member, window) keys whose count changes, and by how much (+1 or −1); sum them by
            (window, scope).
        """
        candidates = unique_sorted(keys)
        known, _at = found_in(candidates, self.keys)
        new = candidates[~known]
        if not len(new):
            return new, new
        merged = merge_sorted(self.keys, new)
        is_new, _at = found_in(merged, new)
        self.keys = merged
        return self._changes(merged, is_new)

    def _changes(self, merged: Ints, is_new: Bools) -> tuple[Ints, Ints]:
        minute = packing.minute_in(merged)
        member = merged >> packing.MINUTE_BITS
        index = np.arange(len(merged))
        before = index - 1
        gain_from = self._own_from(merged, minute, member, before)
        new = np.flatnonzero(is_new)
        windows, amounts = [], []
        for offset in range(self._span):
            window = minute[new] + offset
            gained = new[window >= gain_from[new]]
            windows.append(merged[gained] + offset)
            amounts.append(np.ones(len(gained), np.int64))
        # Old minutes that now have a new one before them lose the windows that it owns.
        old_before = np.where(is_new, -1, index)
        last_old = np.concatenate(([-1], np.maximum.accumulate(old_before)[:-1]))
        losers = np.flatnonzero(~is_new & np.concatenate(([False], is_new[:-1])))
        losers = losers[member[losers] == member[losers - 1]]
        lost_from = self._own_from(merged, minute, member, last_old)
        for offset in range(self._span):
            window = minute[losers] + offset
            lost = losers[(window >= lost_from[losers]) & (window < gain_from[losers])]
            windows.append(merged[lost] + offset)
            amounts.append(np.full(len(lost), -1, np.int64))
        return np.concatenate(windows), np.concatenate(amounts)

    def _own_from(self, merged: Ints, minute: Ints, member: Ints, before: npt.NDArray[np.intp]) -> Ints:
        """Returns the first window that each minute owns, given the index of the minute before it."""
        has = (before >= 0) & (member[before] == member)
        return np.where(has, np.maximum(minute, minute[before] + self._span), minute) if len(merged) else minute

    def drop_before(self, minute: int) -> None:
        """Forgets minutes that reach into no window from `minute` (packed) on."""
        keep = packing.minute_in(self.keys) + self._span > minute
        if not keep.all():
            self.keys = self.keys[keep]
