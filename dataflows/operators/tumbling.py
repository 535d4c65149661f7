"""Tumbling windows: counts and distinct members by (window, scope)."""

from __future__ import annotations

import numpy as np

from dataflows.operators import packing
from dataflows.operators.keyed import KeyedTable
from dataflows.operators.ordering import sorted_wide, united
from dataflows.operators.segments import Bools, Ints

EVENTS, ACTIVE, TRAILING, WATCHED = range(4)


class DistinctMembers:
    """The distinct members of open windows, as one sorted array of packed keys that hold window, scope and member.

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
        self.keys, new = united(self.keys, sorted_wide(keys))
        return self.keys[new]

    def keep(self, mask: Bools) -> None:
        """Forgets the keys for which `mask` is False."""
        if not mask.all():
            self.keys = self.keys[mask]


class WindowTable(KeyedTable):
    """The values of open windows by packed (minute, scope): events, active members, members of the trailing windows.

    Beside them stands whether the members of the trailing window have changed since the row was last taken: those are
    watched live, while the events and the members of a minute that still runs are not.
    """

    def __init__(self) -> None:
        """Starts empty."""
        super().__init__((np.add, np.add, np.add, np.maximum), (0, 0, 0, 0))

    def add_events(self, keys: Ints, counts: Ints) -> None:
        """Adds events to windows, given as packed (minute, scope) in any order, with repeats."""
        self.add(keys, (counts, None, None, None))

    def add_active(self, keys: Ints) -> None:
        """Adds a member to the window of each key."""
        self.add(keys, (None, np.ones(len(keys), np.int64), None, None))

    def add_trailing(self, keys: Ints, amounts: Ints) -> None:
        """Adds members to trailing windows, or takes them away."""
        self.add(keys, (None, None, amounts, np.ones(len(keys), np.int64)))

    def take_due(self, low_minute: int, *, history: bool = True, watched: int = -1) -> tuple[Ints, Ints]:
        """Returns the changed rows that exist by now, as (key, values), and unmarks them.

        A row exists when its window has an event, or when members of the trailing windows reach into it and the
        watermark has entered it: a quiet minute is not written before it began.

        Args:
            low_minute: The minute of the watermark, packed.
            history: Whether rows are due of a minute that still runs and whose trailing window is as it was; else they
                wait, but for
            watched: windows of this scope.
        """
        minutes = self._minutes()
        entered = (self.values[:, TRAILING] > 0) & (minutes <= low_minute)
        is_due = self.dirty & ((self.values[:, EVENTS] > 0) | entered)
        if not history:
            scope = packing.scope_in(self.key)
            is_due &= (self.values[:, WATCHED] > 0) | (minutes < low_minute) | (scope == watched)
        due = np.flatnonzero(is_due)
        self.dirty[due], self.values[due, WATCHED] = False, 0
        return self.key[due], self.values[due]

    def drop_settled(self, minute: int) -> None:
        """Forgets written rows of windows before `minute` (packed): nothing can change them any more."""
        self.keep((self._minutes() >= minute) | self.dirty)

    def _minutes(self) -> Ints:
        return packing.window_of(self.key)
