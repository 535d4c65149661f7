"""Timers: something that is due at an event time, and fires once the task is settled up to it."""

from __future__ import annotations

import numpy as np

from dataflows.operators.ordering import order_of
from dataflows.operators.segments import Bools, Ints, found_in

State = tuple[Ints, Ints]


class Timers:
    """At most one timer a key. It fires by event time: a replay fires it at the same place in the log.

    Set it again to move it. To wait for silence, set it at `time + patience` with each event of a key.

    Example:
        >>> timers = Timers()
        >>> timers.set(np.array([7, 3]), np.array([1000, 2000]))
        >>> timers.set(np.array([7]), np.array([1500]))
        >>> [part.tolist() for part in timers.fire(low_ms=1500)]
        [[7], [1500]]
        >>> len(timers)
        1
    """

    def __init__(self) -> None:
        """Starts without timers."""
        self._key: Ints = np.empty(0, np.int64)
        self._at_ms: Ints = np.empty(0, np.int64)

    def __len__(self) -> int:
        """How many are set."""
        return len(self._key)

    def set(self, keys: Ints, at_ms: Ints, *, later_only: bool = False) -> None:
        """Sets timers; of several of one key the last counts.

        Args:
            keys: Keys, any order, with repeats, shape (n,).
            at_ms: When each is due, epoch milliseconds.
            later_only: Never move a timer to an earlier time: what came out of order then changes nothing.
        """
        if not len(keys):
            return
        order = np.lexsort((at_ms, keys)) if later_only else order_of(keys)
        ordered = keys[order]
        last = order[np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)]
        key, due = keys[last], at_ms[last]
        known, at = found_in(key, self._key)
        old = at[known]
        self._at_ms[old] = np.maximum(self._at_ms[old], due[known]) if later_only else due[known]
        self._key = np.insert(self._key, at[~known], key[~known])
        self._at_ms = np.insert(self._at_ms, at[~known], due[~known])

    def cancel(self, keys: Ints) -> None:
        """Takes timers back; a key without one is left out."""
        self._keep(~np.isin(self._key, keys))

    def fire(self, low_ms: int) -> tuple[Ints, Ints]:
        """Returns the timers that are due, by time and then by key, and forgets them.

        Args:
            low_ms: Up to when the task is settled.

        Returns:
            Keys, and when they were due.
        """
        due = self._at_ms <= low_ms
        keys, at_ms = self._key[due], self._at_ms[due]
        self._keep(~due)
        order = np.lexsort((keys, at_ms))
        return keys[order], at_ms[order]

    def _keep(self, mask: Bools) -> None:
        self._key, self._at_ms = self._key[mask], self._at_ms[mask]

    def state(self) -> State:
        """Returns what a snapshot must hold."""
        return self._key, self._at_ms.copy()

    def restore(self, state: State) -> None:
        """Continues from a snapshot."""
        self._key, self._at_ms = state[0], state[1].copy()
