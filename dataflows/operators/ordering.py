"""Packed keys in order, united and grouped: what every operator asks for first, and half of what it costs.

By compiled loops where they are at hand (`scanner.loading`); without them the same comes out of NumPy.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dataflows.events.scanner import loading
from dataflows.operators import packing
from dataflows.operators.segments import Ints, K, found_in, merge_sorted, starts_of

_SIGN: Final = np.uint64(1 << 63)
_FEW: Final = 1024
"""Below that many keys to call compiled code costs more than it saves."""
_MOVES: Final = 32
"""Places that a key is moved by insertion, on the average, for as much as sorting it otherwise costs."""


def order_of(keys: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Returns the indices that sort keys, equal ones in their present order.

    By radix sort where compiled code is at hand (`scanner.loading`): 5 to 13 ns a key instead of 40 to 50. There is one
    stable order only, so it is the same without it.

    Args:
        keys: Whole numbers of one word, or of two (`packing.Wide`).

    Example:
        >>> order_of(np.array([5, 3, 5, -1])).tolist()
        [3, 1, 0, 2]
    """
    compiled = loading.kernel()
    if compiled is None or len(keys) < _FEW or keys.dtype.kind not in "iuc":
        return np.argsort(keys, kind="stable")
    if keys.dtype.kind == "c":
        order = _ranked(compiled, _bits(keys.imag))
        return order[_ranked(compiled, _bits(keys.real[order]))]
    return _ranked(compiled, _bits(keys))


def sorted_wide(keys: packing.Wide) -> packing.Wide:
    """Returns keys of two words in ascending order, with repeats; those of one student are often together already."""
    compiled = loading.kernel()
    if compiled is None or len(keys) < _FEW:
        return np.sort(keys)
    ordered = keys.copy()
    return ordered if compiled.sort_runs(ordered, _MOVES * len(keys)) else ordered[order_of(ordered)]


def united(state: packing.Wide, keys: packing.Wide) -> tuple[packing.Wide, npt.NDArray[np.intp]]:
    """Puts keys among those of a set.

    Args:
        state: Keys of two words, ascending, each once; it may be given back, and is left as it is.
        keys: Likewise, ascending, with repeats.

    Returns:
        The set with the keys, and where in it the new ones are.

    Example:
        >>> both, where = united(np.array([1 + 5j, 3 + 0j]), np.array([1 + 5j, 2 + 0j, 2 + 0j, 4 + 0j]))
        >>> both.real.tolist(), where.tolist()
        ([1.0, 2.0, 3.0, 4.0], [1, 3])
    """
    compiled = loading.kernel()
    if compiled is None:
        distinct = keys[starts_of(keys)]
        known, at = found_in(distinct, state)
        new = distinct[~known]
        return merge_sorted(state, new), at[~known] + np.arange(len(new))
    both, where = np.empty(len(state) + len(keys), np.complex128), np.empty(len(keys), np.int64)
    new = compiled.unite(_plain(state), _plain(keys), both, where)
    return (both[: len(state) + new], where[:new]) if new else (state, where[:0])


def distinct(keys: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Ints]:
    """Returns the distinct ones of keys, ascending, and of each key its place among them.

    Args:
        keys: Signed whole numbers of one word, or of two (`packing.Wide`).

    Example:
        >>> [part.tolist() for part in distinct(np.array([5, 3, 5]))]
        [[3, 5], [1, 0, 1]]
    """
    compiled = loading.kernel()
    if compiled is None or len(keys) < _FEW or keys.dtype != np.int64:
        order = order_of(keys)
        ordered = keys[order]
        starts = starts_of(ordered)
        place = np.empty(len(keys), np.int64)
        place[order] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(keys)))
        return ordered[starts], place
    found, at = np.empty(len(keys), np.int64), np.empty(len(keys), np.int64)
    found = found[: compiled.group(_plain(keys), found, at)]
    order = order_of(found)
    place = np.empty(len(found), np.int64)
    place[order] = np.arange(len(found))
    return found[order], place[at]


def _plain(keys: npt.NDArray[K]) -> npt.NDArray[K]:
    """Returns keys as compiled code takes them: one behind the other, where it may write."""
    return keys if keys.flags.c_contiguous and keys.flags.writeable else keys.copy()


def _bits(keys: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Returns new words whose order is that of the keys."""
    if keys.dtype.kind == "u":
        return keys.astype(np.uint64)
    if keys.dtype.kind == "i":
        return keys.astype(np.int64).view(np.uint64) ^ _SIGN
    words = (keys + 0.0).view(np.uint64)  # there is one zero then
    return np.where(words & _SIGN, ~words, words | _SIGN)


def _ranked(compiled: ModuleType, words: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
    order, other = np.empty(len(words), np.int64), np.empty(len(words), np.int64)
    return other if compiled.rank(words, np.empty_like(words), order, other) else order
