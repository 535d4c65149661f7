"""Which derived visits an explicit one on the same chapter takes in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataflows.content.explicit import Views
from dataflows.content.marks import NONE, Explicit
from dataflows.operators import packing
from dataflows.operators.ordering import order_of
from dataflows.operators.segments import Bools, Ints, found_in


@dataclass(frozen=True, slots=True)
class Overlaps:
    """The explicit visit that each derived one goes into; arrays have the shape of the derived visits.

    Attributes:
        view: Its index, -1 where there is none.
        gives_time: Whether the derived visit's time is added: the explicit one has no end of its own.
    """

    view: Ints
    gives_time: Bools


def overlaps_of(  # noqa: PLR0913
    member: Ints, chapter: Ints, start_ms: Ints, end_ms: Ints, explicit: Explicit, views: Views
) -> Overlaps:
    """Returns what becomes of derived visits.

    One that overlaps an explicit visit with an end, on the same chapter, goes into the first such: the interval that
    was sent says it all. Else one that overlaps or touches an explicit visit without an end goes into the first such,
    with its time: the one was opened, the other says for how long.

    Args:
        member: Of the derived visits.
        chapter: Likewise.
        start_ms: Likewise.
        end_ms: Likewise.
        explicit: The explicit visits.
        views: What they come to.
    """
    reach_ms = np.maximum(end_ms, start_ms + 1)
    is_open = explicit.end_ms == NONE
    closed = ~explicit.alone & ~is_open & (views.until_ms > explicit.start_ms)
    within = _first_reaching(member, chapter, start_ms, reach_ms - 1, np.flatnonzero(closed), explicit, views.until_ms)
    opened = np.flatnonzero(~explicit.alone & is_open)
    # touching is enough: an open visit reaches one millisecond further
    beside = _first_reaching(member, chapter, start_ms, end_ms, opened, explicit, views.until_ms + 1)
    return Overlaps(np.where(within >= 0, within, beside), (within < 0) & (beside >= 0))


def _first_reaching(  # noqa: PLR0913
    member: Ints, chapter: Ints, since_ms: Ints, last_ms: Ints, some: Ints, explicit: Explicit, until_ms: Ints
) -> Ints:
    """Returns the index of the first of `some` on the chapter that ends after `since_ms` and begins by `last_ms`."""
    nothing = np.full(len(member), -1, np.int64)
    known, group = np.unique(_pair(explicit.member[some], explicit.chapter[some]), return_inverse=True)
    here, place = found_in(_pair(member, chapter), known)
    if not here.any():
        return nothing
    order = order_of(group)
    starts = packing.moment(group, explicit.start_ms[some], 0)[order]
    reached = np.maximum.accumulate(packing.moment(group, until_ms[some], 0)[order])
    place = np.where(here, place, 0)
    # the first at which the running maximum passes is itself the one that passes
    first = np.searchsorted(reached, packing.moment(place, since_ms, 0), side="right")
    near = np.minimum(first, len(starts) - 1)
    hit = here & (first < len(starts)) & (starts[near] <= packing.moment(place, last_ms, 0))
    return np.where(hit, some[order][near], nothing)


def _pair(member: Ints, chapter: Ints) -> Ints:
    return member << 32 | (chapter + 1)
