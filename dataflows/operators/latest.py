"""Keyed last-value state: by key, the values of the last event by (event time, event_id)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dataflows.operators.dedupe import Ids
from dataflows.operators.segments import Bools, Ints, found_in, starts_of

State = tuple[Ints, Ints, Ids, Ids, Ints]


class Latest:
    """The last values by packed key; ties break by event_id, so any order of arrival gives the same.

    Attributes:
        key: Packed keys, ascending, shape (n,).
        time_ms: Event time of the event that gave the values.
        values: Integer values (times or dictionary codes), shape (n, columns).
    """

    def __init__(self, columns: int) -> None:
        """Starts empty, with `columns` values a key."""
        self.key: Ints = np.empty(0, np.int64)
        self.time_ms: Ints = np.empty(0, np.int64)
        self.hi: Ids = np.empty(0, np.uint64)
        self.lo: Ids = np.empty(0, np.uint64)
        self.values: Ints = np.empty((0, columns), np.int64)

    def add(self, keys: Ints, time_ms: Ints, hi: Ids, lo: Ids, values: Ints) -> None:  # noqa: PLR0913
        """Takes events sorted by (key, time, event_id).

        Args:
            keys: Packed keys, ascending, with repeats, shape (n,).
            time_ms: Event times.
            hi: Upper halves of the event ids.
            lo: Lower halves.
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
            self.hi = np.insert(self.hi, where, 0)
            self.lo = np.insert(self.lo, where, 0)
            self.values = np.insert(self.values, where, -1, axis=0)
            at = np.searchsorted(self.key, groups)
        newer = _after(time_ms[last], hi[last], lo[last], self.time_ms[at], self.hi[at], self.lo[at])
        to, source = at[newer], last[newer]
        self.time_ms[to], self.hi[to], self.lo[to] = time_ms[source], hi[source], lo[source]
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
            self.key, self.time_ms, self.values = self.key[mask], self.time_ms[mask], self.values[mask]
            self.hi, self.lo = self.hi[mask], self.lo[mask]

    def state(self) -> State:
        """Returns what a snapshot must hold."""
        return self.key, self.time_ms, self.hi, self.lo, self.values

    def restore(self, state: State) -> None:
        """Continues from a snapshot's state."""
        self.key, self.time_ms, self.hi, self.lo, self.values = (part.copy() for part in state)  # type: ignore[assignment]


def _after(time_a: Ints, hi_a: Ids, lo_a: Ids, time_b: Ints, hi_b: Ids, lo_b: Ids) -> Bools:  # noqa: PLR0913
    later_id = (hi_a > hi_b) | ((hi_a == hi_b) & (lo_a > lo_b))
    later: Bools = (time_a > time_b) | ((time_a == time_b) & later_id)
    return later


def order_by_time_and_id(moments: Ints, hi: Ids, lo: Ids) -> npt.NDArray[np.intp]:
    """Returns the order of events by (packed moment, event_id): one fast sort, and a slow one for the rare ties."""
    order = np.argsort(moments)
    ordered = moments[order]
    tied = np.flatnonzero(ordered[1:] == ordered[:-1])
    if len(tied):
        rows = np.unique(np.concatenate([tied, tied + 1]))
        among = order[rows]
        order[rows] = among[np.lexsort((lo[among], hi[among], moments[among]))]
    return order
