"""Dictionary codes: the strings of a task's state, each stored once and spoken of by number."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, TypeVar

import numpy as np

from dataflows.operators.segments import Ints

K = TypeVar("K", bound=Hashable)


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
        self._codes: dict[K, int] = {value: code for code, value in enumerate(self.values)}

    def codes(self, values: Sequence[K]) -> Ints:
        """Returns the code of each value, giving new values the next ones."""
        known, all_values = self._codes, self.values
        out = np.empty(len(values), np.int64)
        for i, value in enumerate(values):
            code = known.get(value)
            if code is None:
                code = known[value] = len(all_values)
                all_values.append(value)
            out[i] = code
        return out

    def __len__(self) -> int:
        """How many values have a code."""
        return len(self.values)
