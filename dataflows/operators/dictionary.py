"""Dictionary codes: the strings of a task's state, each stored once and spoken of by number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import count, islice
from typing import Final, Generic, TypeVar

import numpy as np

from dataflows.operators.segments import Ints

K = TypeVar("K", bound=Hashable)

_MAX_ROWS: Final = 200_000


class Dictionary(Generic[K]):
    """Codes in order of first appearance.

    Example:
        >>> names = Dictionary(["a"])
        >>> names.codes(["b", "a"]).tolist(), names.values
        ([1, 0], ['a', 'b'])
    """

    def __init__(self, values: Iterable[K] = ()) -> None:
        """Starts from the values of a snapshot, in the order of their codes."""
        self.values: list[K] = list(values)
        self._codes: defaultdict[K, int] = defaultdict(count(len(self.values)).__next__)
        self._codes.update((value, code) for code, value in enumerate(self.values))

    def codes(self, values: Sequence[K]) -> Ints:
        """Returns the code of each value, giving new values the next ones."""
        known = self._codes
        out = np.array([known[value] for value in values], np.int64)
        self.values.extend(_newest(known, len(known) - len(self.values)))
        return out

    def code(self, value: K) -> int:
        """Returns the code of one value."""
        code = self._codes[value]
        if code == len(self.values):
            self.values.append(value)
        return code

    def __len__(self) -> int:
        """How many values have a code."""
        return len(self.values)


def _newest(codes: dict[K, int], number: int) -> list[K]:
    """Returns the `number` keys that came last, in the order in which they came."""
    return list(islice(reversed(codes), number))[::-1]


class RowCache(Generic[K]):
    """Rows of numbers by key, each worked out once and then looked up: what a batch says repeats in the next.

    A cache, not state: it may be forgotten at any time, and is when it has grown too large.

    Example:
        >>> lengths = RowCache(2, lambda text: [len(text), text.count("a")])
        >>> lengths.rows(["banana", "cab"]).tolist()
        [[6, 3], [3, 1]]
    """

    def __init__(self, width: int, make: Callable[[K], list[int]]) -> None:
        """`make` works out the `width` numbers of a key."""
        self._width, self._make = width, make
        self._at: defaultdict[K, int] = defaultdict(count().__next__)
        self._rows: Ints = np.empty((0, width), np.int64)
        self._filled = 0

    def rows(self, keys: Sequence[K]) -> Ints:
        """Returns the rows of `keys`, shape (n, width)."""
        if len(self._at) > _MAX_ROWS:
            self.clear()
        at = [self._at[key] for key in keys]
        if new := _newest(self._at, len(self._at) - self._filled):
            if len(self._at) > len(self._rows):
                self._rows = np.concatenate([self._rows, np.empty((len(self._at), self._width), np.int64)])
            self._rows[self._filled : len(self._at)] = [self._make(key) for key in new]
            self._filled = len(self._at)
        return self._rows[at]

    def clear(self) -> None:
        """Forgets everything."""
        self._at = defaultdict(count().__next__)
        self._rows, self._filled = self._rows[:0], 0
