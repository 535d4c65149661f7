"""Keyed aggregates: sums and maxima by packed key, with a mark on the rows that changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dataflows.operators.ordering import distinct
from dataflows.operators.segments import Bools, Ints, K, found_in, is_sorted, starts_of

State = tuple[Any, Ints, Bools]


class KeyedTable:
    """Integer columns by packed key, each with its own reduction (`np.add` or `np.maximum`).

    Example:
        >>> table = KeyedTable((np.add, np.maximum), initial=(0, 0))
        >>> _new = table.add(np.array([7, 7, 3]), (np.array([1, 1, 1]), np.array([4, 9, 2])))
        >>> table.key.tolist(), table.values.tolist()
        ([3, 7], [[1, 2], [2, 9]])
    """

    def __init__(self, reductions: tuple[np.ufunc, ...], initial: tuple[int, ...], *, wide: bool = False) -> None:
        """`initial` holds each column's neutral value; `wide`: keys are of two words (`packing.Wide`)."""
        self._reductions = reductions
        self._initial = np.array(initial, np.int64)
        self.key: Any = np.empty(0, np.complex128 if wide else np.int64)
        self.values: Ints = np.empty((0, len(initial)), np.int64)
        self.dirty: Bools = np.empty(0, np.bool_)

    def add(self, keys: npt.NDArray[K], columns: tuple[Ints | None, ...]) -> npt.NDArray[K]:
        """Folds rows into the table and marks what they touch.

        Args:
            keys: Packed keys, any order, with repeats, shape (n,).
            columns: Amounts for each column, shape (n,); None leaves that column alone.

        Returns:
            The keys that were not there before, ascending.
        """
        if not len(keys):
            return keys
        if is_sorted(keys):
            starts = starts_of(keys)
            at, new = self._ensure(keys[starts])
            for column, (reduction, amounts) in enumerate(zip(self._reductions, columns, strict=True)):
                if amounts is not None:
                    self.values[at, column] = reduction(self.values[at, column], reduction.reduceat(amounts, starts))
        else:
            groups, group = distinct(keys)
            at, new = self._ensure(groups)
            row = at[group]
            for column, (reduction, amounts) in enumerate(zip(self._reductions, columns, strict=True)):
                if amounts is not None:
                    reduction.at(self.values[:, column], row, amounts)
        self.dirty[at] = True
        return new

    def _ensure(self, groups: npt.NDArray[K]) -> tuple[Ints, npt.NDArray[K]]:
        known, at = found_in(groups, self.key)
        new = groups[~known]
        if len(new):
            where = at[~known]
            self.key = np.insert(self.key, where, new)
            self.values = np.insert(self.values, where, self._initial, axis=0)
            self.dirty = np.insert(self.dirty, where, False)
            at = np.searchsorted(self.key, groups)
        return at.astype(np.int64), new

    def get(self, keys: npt.NDArray[Any]) -> Ints:
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
