"""Keyed aggregates: sums and maxima by packed key, with a mark on the rows that changed."""

from __future__ import annotations

import numpy as np

from dataflows.operators.segments import Bools, Ints, found_in, is_sorted, starts_of

State = tuple[Ints, Ints, Bools]


class KeyedTable:
    """Integer columns by packed key, each with its own reduction (`np.add` or `np.maximum`).

    Example:
        >>> table = KeyedTable((np.add, np.maximum), initial=(0, 0))
        >>> _new = table.add(np.array([7, 7, 3]), (np.array([1, 1, 1]), np.array([4, 9, 2])))
        >>> table.key.tolist(), table.values.tolist()
        ([3, 7], [[1, 2], [2, 9]])
    """

    def __init__(self, reductions: tuple[np.ufunc, ...], initial: tuple[int, ...]) -> None:
        """`initial` holds each column's neutral value."""
        self._reductions = reductions
        self._initial = np.array(initial, np.int64)
        self.key: Ints = np.empty(0, np.int64)
        self.values: Ints = np.empty((0, len(initial)), np.int64)
        self.dirty: Bools = np.empty(0, np.bool_)

    def add(self, keys: Ints, columns: tuple[Ints | None, ...]) -> Ints:
        """Folds rows into the table and marks what they touch.

        Args:
            keys: Packed keys, any order, with repeats, shape (n,).
            columns: Amounts for each column, shape (n,); None leaves that column alone.

        Returns:
            The keys that were not there before, ascending.
        """
        if not len(keys):
            return keys
        order = None if is_sorted(keys) else np.argsort(keys)
        ordered = keys if order is None else keys[order]
        starts = starts_of(ordered)
        groups = ordered[starts]
        at, new = self._ensure(groups)
        for column, (reduction, amounts) in enumerate(zip(self._reductions, columns, strict=True)):
            if amounts is not None:
                reduced = reduction.reduceat(amounts if order is None else amounts[order], starts)
                self.values[at, column] = reduction(self.values[at, column], reduced)
        self.dirty[at] = True
        return new

    def _ensure(self, groups: Ints) -> tuple[Ints, Ints]:
        known, at = found_in(groups, self.key)
        new = groups[~known]
        if len(new):
            where = at[~known]
            self.key = np.insert(self.key, where, new)
            self.values = np.insert(self.values, where, self._initial, axis=0)
            self.dirty = np.insert(self.dirty, where, False)
            at = np.searchsorted(self.key, groups)
        return at.astype(np.int64), new

    def get(self, keys: Ints) -> Ints:
        """Returns the rows of `keys`, shape (n, columns); the neutral values where a key is absent."""
        known, at = found_in(keys, self.key)
        out = np.tile(self._initial, (len(keys), 1))
        out[known] = self.values[at[known]]
        return out

    def keep(self, mask: Bools) -> None:
        """Drops the rows for which `mask` is False."""
        if not mask.all():
            self.key, self.values, self.dirty = self.key[mask], self.values[mask], self.dirty[mask]

    def state(self) -> State:
        """Returns what a snapshot must hold."""
        return self.key, self.values, self.dirty

    def restore(self, state: State) -> None:
        """Continues from a snapshot's state."""
        self.key, self.values, self.dirty = state[0].copy(), state[1].copy(), state[2].copy()
