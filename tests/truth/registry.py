"""Which recomputation belongs to which view."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from tests.truth.facts import Facts

Row = dict[str, Any]
Compute = Callable[[Facts], Iterable[Row]]


@dataclass(frozen=True)
class Truth:
    """A recomputation.

    Attributes:
        view: The view.
        key: Columns that tell its rows apart.
        compute: Returns the rows, with all columns but `as_of`.
        near: Columns that come from counts in buckets 2 % wide.
        sums: Columns that are added up over rows of one key, as whoever asks does; where all are 0 there is no row.
    """

    view: str
    key: tuple[str, ...]
    compute: Compute
    near: tuple[str, ...]
    sums: tuple[str, ...]


SOMETHING: Final = object()
"""What the log does not say, such as when a row was written: any value but none."""

TRUTHS: Final[dict[str, Truth]] = {}


def truth(view: str, *key: str, near: tuple[str, ...] = (), sums: tuple[str, ...] = ()) -> Callable[[Compute], Compute]:
    """Registers the recomputation of a view."""

    def register(compute: Compute) -> Compute:
        assert view not in TRUTHS, view
        TRUTHS[view] = Truth(view, key, compute, near, sums)
        return compute

    return register
