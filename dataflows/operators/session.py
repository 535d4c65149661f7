"""Session windows: activity of one member with gaps below a limit, explicit starts and ends respected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflows.operators.segments import Bools, Ints, previous_where, starts_of

RANK_END: Final = 0
RANK_START: Final = 1
RANK_OTHER: Final = 2
"""At the same instant an end comes before a start, and a start before anything else."""

NO_TIME: Final = -(1 << 61)
"""A time before every time: nothing has happened yet."""


@dataclass(frozen=True, slots=True)
class SessionCarry:
    """Where each member stood before the first of the given marks; all arrays have shape (members,).

    Attributes:
        last_ms: Its last interaction; `NO_TIME` where there is none.
        end_ms: Its last explicit end; `NO_TIME` where there is none.
        start_ms: The start of its current session; `NO_TIME` where there is none.
    """

    last_ms: Ints
    end_ms: Ints
    start_ms: Ints


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions assigned to marks; arrays have the shape of the marks.

    Attributes:
        opens: Whether an interaction begins a new session.
        start_ms: Start of the session current *after* the mark; `NO_TIME` before a member's first.
        last_ms: The last interaction up to and with the mark.
        end_ms: The last explicit end up to and with the mark.
    """

    opens: Bools
    start_ms: Ints
    last_ms: Ints
    end_ms: Ints


def assign_sessions(  # noqa: PLR0913
    member: Ints, time_ms: Ints, rank: Ints, carry: SessionCarry, *, gap_ms: int, end_grace_ms: int
) -> Sessions:
    """Assigns interactions to sessions.

    An interaction opens a session when it is an explicit start; when there is none before it; when the gap to the
    one before is at least `gap_ms`; or when it comes more than `end_grace_ms` after an explicit end that closed the
    session (no start and no such interaction in between).

    Args:
        member: Index of the member into `carry`, shape (n,), ascending.
        time_ms: Epoch milliseconds, ascending within a member.
        rank: `RANK_END`, `RANK_START` or `RANK_OTHER`, ascending within an instant.
        carry: Where each member stood before.
        gap_ms: Inactivity that ends a session.
        end_grace_ms: How long after an explicit end interactions still belong to it.

    Returns:
        The sessions, in the order of the input.
    """
    starts = starts_of(member)
    acts, ends = rank != RANK_END, rank == RANK_END
    prev = previous_where(acts, starts)
    prev_ms = np.where(prev >= 0, time_ms[prev], carry.last_ms[member])
    end_at = previous_where(ends, starts)
    end_ms = np.where(end_at >= 0, time_ms[end_at], carry.end_ms[member])
    explicit = previous_where(rank == RANK_START, starts)
    # An end that a start has followed closed an older session. Of the carried end, the carried start tells.
    started_since = np.where(explicit >= 0, (end_at < 0) | (explicit > end_at), (end_at < 0) & _reopened(carry)[member])
    closed = (end_ms > NO_TIME) & ~started_since & (time_ms > end_ms + end_grace_ms) & (prev_ms <= end_ms + end_grace_ms)
    opens = acts & ((rank == RANK_START) | (prev_ms == NO_TIME) | (time_ms - prev_ms >= gap_ms) | closed)
    opened = _last_upto(opens, starts)
    upto_act = _last_upto(acts, starts)
    upto_end = _last_upto(ends, starts)
    return Sessions(
        opens=opens,
        start_ms=np.where(opened >= 0, time_ms[opened], carry.start_ms[member]),
        last_ms=np.where(upto_act >= 0, time_ms[upto_act], carry.last_ms[member]),
        end_ms=np.where(upto_end >= 0, time_ms[upto_end], carry.end_ms[member]),
    )


def _reopened(carry: SessionCarry) -> Bools:
    # A session that began at or after the last end is not closed by it.
    return (carry.start_ms >= carry.end_ms) & (carry.end_ms > NO_TIME)


def _last_upto(mask: Bools, starts: Ints) -> Ints:
    """Returns the index of the last element up to and with each one, in its run, for which `mask` holds, or -1."""
    before = previous_where(mask, starts)
    return np.where(mask, np.arange(len(mask)), before)
