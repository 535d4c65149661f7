"""Sorted integer keys: group boundaries, membership and merging, the tools of every operator here.

State is kept as sorted arrays of packed keys of one or two words (`packing`). A batch is sorted once, reduced to
groups, and merged into the state in linear time; nothing is done per event.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

K = TypeVar("K", bound=np.generic)

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def starts_of(sorted_keys: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Returns the index at which each run of equal keys begins.

    Example:
        >>> starts_of(np.array([3, 3, 5, 9, 9])).tolist()
        [0, 2, 3]
    """
    if not len(sorted_keys):
        return np.empty(0, np.intp)
    change = np.empty(len(sorted_keys), np.bool_)
    change[0] = True
    np.not_equal(sorted_keys[1:], sorted_keys[:-1], out=change[1:])
    return np.flatnonzero(change)


def is_sorted(keys: npt.NDArray[Any]) -> bool:
    """Returns whether the keys ascend; many come from a batch that was sorted by student before."""
    return bool((keys[1:] >= keys[:-1]).all())


def lengths_of(starts: npt.NDArray[np.intp], total: int) -> Ints:
    """Returns the length of each run, given where the runs begin."""
    return np.diff(starts, append=total).astype(np.int64)


def unique_sorted(keys: npt.NDArray[K]) -> npt.NDArray[K]:
    """Returns the distinct keys in ascending order."""
    if not len(keys):
        return keys
    ordered = np.sort(keys)
    return ordered[starts_of(ordered)]


def found_in(keys: npt.NDArray[Any], state: npt.NDArray[Any]) -> tuple[Bools, npt.NDArray[np.intp]]:
    """Looks `keys` up in the sorted `state`.

    Returns:
        Whether each key is there, and the position at which it is or would be inserted.
    """
    at = np.searchsorted(state, keys)
    if not len(state):
        return np.zeros(len(keys), np.bool_), at
    return state[np.minimum(at, len(state) - 1)] == keys, at


def merge_sorted(state: npt.NDArray[K], new: npt.NDArray[K]) -> npt.NDArray[K]:
    """Returns both sorted arrays as one sorted array; a stable sort of two runs is one linear merge."""
    if not len(new):
        return state
    if not len(state):
        return new
    if state[-1] <= new[0]:
        return np.concatenate([state, new])
    return np.sort(np.concatenate([state, new]), kind="stable")


def last_where(mask: Bools, starts: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Returns, for each run, the index of the last element for which `mask` holds; -1 where none does."""
    if not len(starts):
        return np.empty(0, np.intp)
    return np.maximum.reduceat(np.where(mask, np.arange(len(mask)), -1), starts)


def previous_where(mask: Bools, starts: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Returns, for each element, the index of the last element *before* it in its run for which `mask` holds, or -1."""
    index = np.where(mask, np.arange(len(mask)), -1)
    upto = np.maximum.accumulate(index) if len(index) else index
    before = np.empty_like(upto)
    before[:1] = -1
    before[1:] = upto[:-1]
    run_start = np.repeat(starts, lengths_of(starts, len(mask)))
    return np.where(before >= run_start, before, -1)
