"""Hopping windows: distinct members over the last N minutes, one window a minute."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dataflows.operators import packing
from dataflows.operators.ordering import sorted_wide, united
from dataflows.operators.segments import Ints


class TrailingMembers:
    """Counts, for every minute, the distinct members seen in the `span` minutes that end with it.

    A member seen at minute *m* belongs to the windows *m* … *m* + span − 1. Of the minutes of one member in one scope,
    sorted, each owns the windows that no earlier one owns; so a new minute adds its own windows, and takes from the
    next minute those that are owned by it from now on. That is exact under any order of arrival.

    Example:
        >>> trailing = TrailingMembers(span=5)
        >>> def key(minute): return packing.student_scope_minute(np.array([7]), np.array([0]), np.array([minute]))
        >>> minutes = packing.second_word
        >>> windows, amounts = trailing.add(key(100))
        >>> minutes(windows).tolist(), amounts.tolist()
        ([100, 101, 102, 103, 104], [1, 1, 1, 1, 1])
        >>> windows, amounts = trailing.add(key(103))
        >>> minutes(windows).tolist()
        [105, 106, 107]
    """

    def __init__(self, span: int, keys: packing.Wide | None = None) -> None:
        """`span` in minutes; `keys`: packed (member, scope, minute) of a snapshot, sorted."""
        self._span = span
        self.keys: packing.Wide = np.empty(0, np.complex128) if keys is None else keys

    def add(self, keys: packing.Wide) -> tuple[packing.Wide, Ints]:
        """Adds packed (member, scope, minute) keys, any order, with repeats.

        Returns:
            Packed (member, scope, window) keys whose count changes, and by how much (+1 or −1); sum them by
            (window, scope).
        """
        self.keys, new = united(self.keys, sorted_wide(keys))
        # The only places at which anything changes: where the new keys are from now on, and the keys after them.
        return self._changes(new) if len(new) else (keys[:0], np.empty(0, np.int64))

    def _changes(self, new: npt.NDArray[np.intp]) -> tuple[packing.Wide, Ints]:
        """Returns what the keys at the indices `new` (ascending) change."""
        windows, amounts = [], []
        gain_from, key = self._own_from(new, new - 1), self.keys[new]
        for offset in range(self._span):
            gained = packing.later(key[packing.second_word(key) + offset >= gain_from], offset)
            windows.append(gained)
            amounts.append(np.ones(len(gained), np.int64))
        # Old minutes that now have a new one before them lose the windows that it owns.
        ends = np.flatnonzero(np.diff(new, append=len(self.keys) + 1) > 1)
        begins = np.concatenate(([0], ends[:-1] + 1))
        losers, last_old = new[ends] + 1, new[begins] - 1
        inside = losers < len(self.keys)
        losers, last_old = losers[inside], last_old[inside]
        same = _member(self.keys[losers]) == _member(self.keys[losers - 1])
        losers, last_old = losers[same], last_old[same]
        lost_from, lost_upto = self._own_from(losers, last_old), self._own_from(losers, losers - 1)
        key = self.keys[losers]
        for offset in range(self._span):
            window = packing.second_word(key) + offset
            lost = packing.later(key[(window >= lost_from) & (window < lost_upto)], offset)
            windows.append(lost)
            amounts.append(np.full(len(lost), -1, np.int64))
        return np.concatenate(windows), np.concatenate(amounts)

    def _own_from(self, index: npt.NDArray[np.intp], before: npt.NDArray[np.intp]) -> Ints:
        """Returns the first window that each of some keys owns, given the index of the key before it, or -1."""
        key, previous = self.keys[index], self.keys[before]
        minute = packing.second_word(key)
        has = (before >= 0) & (_member(previous) == _member(key))
        return np.where(has, np.maximum(minute, packing.second_word(previous) + self._span), minute)

    def drop_before(self, minute: int) -> None:
        """Forgets minutes that reach into no window from `minute` (packed) on."""
        keep = packing.second_word(self.keys) + self._span > minute
        if not keep.all():
            self.keys = self.keys[keep]


def _member(keys: packing.Wide) -> Ints:
    """Returns the (member, scope) part of packed (member, scope, minute) keys."""
    return packing.first_word(keys)
