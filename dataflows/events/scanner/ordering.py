# mypy: disable-error-code="no-any-return, assignment, return-value, call-arg, var-annotated, untyped-decorator"
"""The order of keys by radix sort: eleven bits at a time, and only those in which the keys differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflows.events.scanner.words import jit

_BITS = np.uint64(11)
_MASK = np.uint64(2047)
_WIDTH = np.uint64(64)
_NOTHING = np.uint64(0)


@jit
def rank(keys: Any, other_keys: Any, order: Any, other: Any) -> bool:
    """Sorts keys, stably, and finds from where each has come.

    Args:
        keys: u64[n], n > 0; left in any order.
        other_keys: u64[n], to work in.
        order: i64[n], out.
        other: i64[n], to work in.

    Returns:
        Whether the order is in `other` and not in `order`.
    """
    lowest, highest = keys[0], keys[0]
    for at in range(len(keys)):
        order[at] = at
        lowest, highest = min(lowest, keys[at]), max(highest, keys[at])
    span, shift, swapped = highest - lowest, _NOTHING, False
    counts = np.empty(2048, dtype=np.int64)
    while shift < _WIDTH and span >> shift != _NOTHING:
        counts[:] = 0
        for at in range(len(keys)):
            counts[np.int64((keys[at] - lowest) >> shift & _MASK)] += 1
        if counts[np.int64((keys[0] - lowest) >> shift & _MASK)] != len(keys):
            begin = 0
            for digit in range(2048):
                begin, counts[digit] = begin + counts[digit], begin
            for at in range(len(keys)):
                digit = np.int64((keys[at] - lowest) >> shift & _MASK)
                place = counts[digit]
                counts[digit] = place + 1
                other_keys[place], other[place] = keys[at], order[at]
            keys, other_keys, order, other = other_keys, keys, other, order
            swapped = not swapped
        shift += _BITS
    return swapped
