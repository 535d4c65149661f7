"""Tumbling windows: counts and distinct members by (window, scope)."""

from __future__ import annotations

import numpy as np

from dataflows.operators import packing
from dataflows.operators.keyed import KeyedTable
from dataflows.operators.segments import Ints, found_in, merge_sorted, unique_sorted

EVENTS, ACTIVE, TRAILING = range(3)


class DistinctMembers:
    """The distinct (window, scope, member) triples of open windows, as one sorted array of packed keys.

    Example:
        >>> members = DistinctMembers()
        >>> one, two = (packing.window_scope_student(np.array([minute]), 0, 7) for minute in (5, 6))
        >>> len(members.add(np.concatenate([one, one]))), len(members.add(np.concatenate([one, two])))
        (1, 1)
    """

    def __init__(self, keys: packing.Wide | None = None) -> None:
        """Starts from a snapshot's keys, or empty."""
        self.keys: packing.Wide = np.empty(0, np.complex128) if keys is None else keys

    def add(self, keys: packing.Wide) -> packing.Wide:
        """Adds packed keys (any order, with repeats) and returns the new ones, sorted."""
        candidates = unique_sorted(keys)
        known, _at = found_in(candidates, self.keys)
        new = candidates[~known]
        self.keys = merge_sorted(self.keys, new)
        return new

    def drop_before(self, minute: int) -> None:
        """Forgets the windows before `minute` (packed)."""
        at = int(np.searchsorted(self.keys, complex(minute << packing.SCOPE_BITS, 0)))
        if at:
            self.keys = self.keys[at:].copy()


class WindowTable(KeyedTable):
    """The values of open windows by packed (minute, scope): events, active members, members of the trailing windows."""

    def __init__(self) -> None:
        """Starts empty."""
        super().__init__((np.add, np.add, np.add), (0, 0, 0))

    def take_due(self, low_minute: int) -> tuple[Ints, Ints]:
        """Returns the changed rows that exist by now, as (key, values), and unmarks them.

        A row exists when its window has an event, or when members of the trailing windows reach into it and the
        watermark has entered it (`low_minute`, packed): a quiet minute is not written before it began.
        """
        entered = (self.values[:, TRAILING] > 0) & (self._minutes() <= low_minute)
        due = np.flatnonzero(self.dirty & ((self.values[:, EVENTS] > 0) | entered))
        self.dirty[due] = False
        return self.key[due], self.values[due]

    def drop_settled(self, minute: int) -> None:
        """Forgets written rows of windows before `minute` (packed): nothing can change them any more."""
        self.keep((self._minutes() >= minute) | self.dirty)

    def _minutes(self) -> Ints:
        return packing.window_of(self.key)
