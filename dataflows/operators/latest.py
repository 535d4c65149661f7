"""Keyed last-value state: by key, the values of the last event by (event time, place in the log)."""

from __future__ import annotations

import numpy as np

from dataflows.operators.segments import Bools, Ints, found_in, starts_of

State = tuple[Ints, Ints, Ints, Ints]


class Latest:
    """The last values by packed key; of events of one instant the later in the log counts, however they are batched.

    Attributes:
        key: Packed keys, ascending, shape (n,).
        time_ms: Event time of the event that gave the values.
        placed: Its place in the log (`places.placed`).
        values: Integer values (times or dictionary codes), shape (n, columns).
    """

    def __init__(self, columns: int) -> None:
        """Starts empty, with `columns` values a key."""
        self.key: Ints = np.empty(0, np.int64)
        self.time_ms: Ints = np.empty(0, np.int64)
        self.placed: Ints = np.empty(0, np.int64)
        self.values: Ints = np.empty((0, columns), np.int64)

    def add(self, keys: Ints, time_ms: Ints, placed: Ints, values: Ints) -> None:
        """Takes events sorted by (key, time, place in the log).

        Args:
            keys: Packed keys, ascending, with repeats, shape (n,).
            time_ms: Event times.
            placed: Places in the log.
            values: Shape (n, columns).
        """
        if not len(keys):
            return
        last = np.append(starts_of(keys)[1:], len(keys)) - 1
        groups = keys[last]
        known, at = found_in(groups, self.key)
        if not known.all():
            where, new = at[~known], groups[~known]
            self.key = np.insert(self.key, where, new)
            self.time_ms = np.insert(self.time_ms, where, np.iinfo(np.int64).min)
            self.placed = np.insert(self.placed, where, -1)
            self.values = np.insert(self.values, where, -1, axis=0)
            at = np.searchsorted(self.key, groups)
        newer = (time_ms[last] > self.time_ms[at]) | (
            (time_ms[last] == self.time_ms[at]) & (placed[last] > self.placed[at])
        )
        to, source = at[newer], last[newer]
        self.time_ms[to], self.placed[to] = time_ms[source], placed[source]
        self.values[to] = values[source]

    def get(self, keys: Ints, default: int) -> Ints:
        """Returns the values of `keys`, shape (n, columns); `default` where a key is absent."""
        known, at = found_in(keys, self.key)
        out = np.full((len(keys), self.values.shape[1]), default, np.int64)
        out[known] = self.values[at[known]]
        return out

    def keep(self, mask: Bools) -> None:
        """Drops the keys for which `mask` is False."""
        if not mask.all():
            self.key, self.time_ms = self.key[mask], self.time_ms[mask]
            self.placed, self.values = self.placed[mask], self.values[mask]

    def state(self) -> State:
        """Returns what a snapshot must hold."""
        return self.key, self.time_ms, self.placed, self.values

    def restore(self, state: State) -> None:
        """Continues from a snapshot's state."""
        self.key, self.time_ms, self.placed, self.values = (part.copy() for part in state)
