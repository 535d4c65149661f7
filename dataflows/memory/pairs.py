"""Codes of the pairs (student, module) of a task, in order of first appearance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from dataflows.memory.attempts import NO_PAIR
from dataflows.operators.dictionary import Dictionary
from dataflows.operators.segments import Ints, found_in, starts_of

_MODULE_BITS: Final = 32


class Pairs:
    """Who is examined in what.

    Example:
        >>> pairs = Pairs()
        >>> pairs.codes(["ann", "bob", "ann", "ann"], ["m1", "m1", None, "m1"]).tolist()
        [0, 1, -1, 0]
        >>> pairs.names(np.array([1])).row(0)
        ('bob', 'm1')
    """

    def __init__(self) -> None:
        """Starts without pairs."""
        self._users: Dictionary[str] = Dictionary()
        self._modules: Dictionary[str | None] = Dictionary([None])
        self._key: Ints = np.empty(0, np.int64)
        self._code: npt.NDArray[np.int32] = np.empty(0, np.int32)
        self._by_code: Ints = np.empty(0, np.int64)

    def __len__(self) -> int:
        """How many pairs have a code."""
        return len(self._by_code)

    def codes(self, users: list[str], modules: list[str | None]) -> npt.NDArray[np.int32]:
        """Returns the code of each pair, giving new ones the next; `NO_PAIR` without a module."""
        module = self._modules.codes(modules)
        # Without a module nothing is remembered by student, so such a student gets no code.
        mine = np.flatnonzero(module > 0)
        user = self._users.codes([users[i] for i in mine.tolist()] if len(mine) < len(users) else users)
        out = np.full(len(users), NO_PAIR, np.int32)
        out[mine] = self._codes(user << _MODULE_BITS | module[mine])
        return out

    def _codes(self, keys: Ints) -> npt.NDArray[np.int32]:
        known, _ = found_in(keys, self._key)
        if not known.all():
            new = keys[~known]
            order = np.argsort(new, kind="stable")
            firsts = np.sort(order[starts_of(new[order])])
            self._give(new[firsts])
        return self._code[np.searchsorted(self._key, keys)]

    def _give(self, keys: Ints) -> None:
        codes = np.arange(len(self._by_code), len(self._by_code) + len(keys), dtype=np.int32)
        self._by_code = np.concatenate([self._by_code, keys])
        order = np.argsort(keys)
        at = np.searchsorted(self._key, keys[order])
        self._key = np.insert(self._key, at, keys[order])
        self._code = np.insert(self._code, at, codes[order])

    def names(self, pairs: npt.NDArray[Any]) -> pl.DataFrame:
        """Returns the columns user_id and module of some pairs."""
        key = self._by_code[pairs]
        return pl.DataFrame(
            {
                "user_id": _texts(self._users.values, key >> _MODULE_BITS),
                "module": _texts(self._modules.values, key & ((1 << _MODULE_BITS) - 1)),
            }
        )

    def state(self) -> tuple[list[str], list[str | None], Ints]:
        """Returns what a snapshot must hold."""
        return list(self._users.values), list(self._modules.values), self._by_code

    def restore(self, state: tuple[list[str], list[str | None], Ints]) -> None:
        """Continues from a snapshot's state."""
        self.__init__()  # type: ignore[misc]
        self._users, self._modules = Dictionary(state[0]), Dictionary(state[1])
        self._give(state[2])


def _texts(values: Sequence[str | None], codes: Ints) -> pl.Series:
    """Returns the texts of some codes; of few, without making a column of all that there are."""
    if len(codes) < len(values):
        return pl.Series([values[code] for code in codes.tolist()], dtype=pl.String)
    return pl.Series(values, dtype=pl.String).gather(codes)
