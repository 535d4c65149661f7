# mypy: disable-error-code="no-any-return, assignment, return-value, call-arg, var-annotated, untyped-decorator"
"""Sets of packed keys: put in order, united, grouped, in one pass each. Who calls these says what they mean without."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflows.events.scanner.words import jit

_ODD = np.uint64(0x9E3779B97F4A7C15)
_FEW_LOG2 = 12


@jit
def is_below(one: Any, other: Any) -> bool:
    """Returns whether a key of two words comes before another."""
    return one.real < other.real or (one.real == other.real and one.imag < other.imag)


@jit
def sort_runs(keys: Any, most: int) -> bool:
    """Sorts keys that are in order but for short runs, by insertion.

    Args:
        keys: c128[n], in and out.
        most: By how many places keys are moved, all together, before this is given up.

    Returns:
        Whether they are sorted; else they are the same keys, somewhat nearer to it.
    """
    moved = 0
    for at in range(1, len(keys)):
        key, place = keys[at], at
        while place > 0 and is_below(key, keys[place - 1]):
            keys[place] = keys[place - 1]
            place -= 1
        keys[place] = key
        moved += at - place
        if moved > most:
            return False
    return True


@jit
def unite(state: Any, keys: Any, united: Any, where: Any) -> int:
    """Puts keys among those of a sorted set.

    Args:
        state: c128[n], ascending, each once.
        keys: c128[m], ascending, with repeats.
        united: c128[n + m], out: the first n + the number of new ones are the set then.
        where: i64[m], out: where in it the new ones are.

    Returns:
        How many are new.
    """
    at, size, new = 0, 0, 0
    for row in range(len(keys)):
        key = keys[row]
        if row > 0 and key == keys[row - 1]:
            continue
        low, step = at, 1
        while low + step <= len(state) and is_below(state[low + step - 1], key):
            low += step
            step *= 2
        high = min(low + step, len(state))
        while low < high:
            middle = (low + high) // 2
            if is_below(state[middle], key):
                low = middle + 1
            else:
                high = middle
        for place in range(at, low):
            united[size] = state[place]
            size += 1
        at = low
        if at < len(state) and state[at] == key:
            continue
        united[size] = key
        where[new] = size
        size += 1
        new += 1
    for place in range(at, len(state)):
        united[size] = state[place]
        size += 1
    return new


@jit
def group(keys: Any, distinct: Any, at: Any) -> int:
    """Finds the distinct ones of keys, in the order of first appearance.

    Args:
        keys: i64[n].
        distinct: i64[n], out.
        at: i64[n], out: of each key its place in `distinct`.

    Returns:
        How many there are.
    """
    log2, count = _FEW_LOG2, 0
    slots = np.full(1 << log2, -1, dtype=np.int64)
    for row in range(len(keys)):
        key = keys[row]
        slot = np.int64((np.uint64(key) * _ODD) >> np.uint64(64 - log2))
        while slots[slot] >= 0 and distinct[slots[slot]] != key:
            slot = (slot + 1) & (len(slots) - 1)
        if slots[slot] >= 0:
            at[row] = slots[slot]
            continue
        slots[slot] = count
        distinct[count] = key
        at[row] = count
        count += 1
        if count << 1 > len(slots):
            log2 += 2
            slots = np.full(1 << log2, -1, dtype=np.int64)
            for known in range(count):
                slot = np.int64((np.uint64(distinct[known]) * _ODD) >> np.uint64(64 - log2))
                while slots[slot] >= 0:
                    slot = (slot + 1) & (len(slots) - 1)
                slots[slot] = known
    return count
