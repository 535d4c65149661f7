"""The order of the log: of events of one instant the topic's rank decides first, then the place in the partition."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dataflows.operators.ordering import order_of
from dataflows.operators.segments import Ints

PLACE_BITS: Final = 56
"""Places (era × 10¹² + offset, ADR 17) reach 72,000 eras; seven bits above them are the topic's rank."""


def placed(rank: int, places: Ints) -> Ints:
    """Returns one number by which events of a task are in the order of the log.

    Args:
        rank: The topic's rank (`kinds.rank_of`).
        places: Their places in the topic's partition.
    """
    ordered: Ints = places.astype(np.int64, copy=False) | rank << PLACE_BITS
    return ordered


def order_by_time(moments: npt.NDArray[Any], placed_at: Ints, *, runs: bool = False) -> npt.NDArray[np.intp]:
    """Returns the order of events by (packed moment, place in the log): one fast sort, then the ties alone.

    Args:
        moments: Packed moments, shape (n,).
        placed_at: Places in the log.
        runs: The events are a few sorted runs, which are merged in linear time.

    Example:
        >>> order_by_time(np.array([5, 4, 5]), np.array([9, 8, 7])).tolist()
        [1, 2, 0]
    """
    order = np.argsort(moments, kind="stable") if runs else order_of(moments)
    ordered = moments[order]
    tied = np.flatnonzero(ordered[1:] == ordered[:-1])
    if len(tied):
        rows = np.unique(np.concatenate([tied, tied + 1]))
        among = order[rows]
        order[rows] = among[np.lexsort((placed_at[among], moments[among]))]
    return order
