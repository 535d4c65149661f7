"""Session windows: activity of one member with gaps below a limit, explicit starts and ends respected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflows.operators.segments import Bools, Ints, last_where, lengths_of, previous_where, starts_of

RANK_END: Final = 0
RANK_START: Final = 1
RANK_OTHER: Final = 2
"""At the same instant an end comes before a start, and a start before anything else."""

NO_TIME: Final = -(1 << 61)
"""A time before every time: nothing has happened yet."""


_TIME_BITS: Final = 42
_TIME_ORIGIN_MS: Final = 946_684_800_000


@dataclass(frozen=True, slots=True)
class SessionCarry:
    """Where each member stood before the first of the given marks; all arrays have shape (members,).

    Attributes:
        last_ms: Its last interaction; `NO_TIME` where there is none.
        end_ms: Its last explicit end; `NO_TIME` where there is none.
        start_ms: The start of its current session; `NO_TIME` where there is none.
        close_ms: The explicit end that closes its current session; `NO_TIME` where none does.
    """

    last_ms: Ints
    end_ms: Ints
    start_ms: Ints
    close_ms: Ints


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions assigned to marks; arrays have the shape of the marks.

    Attributes:
        opens: Whether an interaction begins a new session.
        start_ms: Start of the session current *after* the mark; `NO_TIME` before a member's first.
        last_ms: The last interaction up to and with the mark.
        end_ms: The last explicit end up to and with the mark.
        close_ms: The explicit end that closes the current session, as far as the *last* mark of a member tells;
            meaningful in each member's last row only.
    """

    opens: Bools
    start_ms: Ints
    last_ms: Ints
    end_ms: Ints
    close_ms: Ints


def assign_sessions(  # noqa: PLR0913
    member: Ints, time_ms: Ints, rank: Ints, carry: SessionCarry, *, gap_ms: int, end_grace_ms: int
) -> Sessions:
    """Assigns interactions to sessions.

    An interaction opens a session when it is an explicit start; when there is none before it; when the gap to the
    one before is at least `gap_ms`; or when it comes more than `end_grace_ms` after an explicit end that closed the
    session: the first end since the last explicit start and no earlier than the grace before the previous
    interaction (which belonged to the session that the end closes).

    Args:
        member: Index of the member into `carry`, shape (n,), ascending.
        time_ms: Epoch milliseconds, ascending within a member.
        rank: `RANK_END`, `RANK_START` or `RANK_OTHER`, ascending within an instant.
        carry: Where each member stood before; with it belong the ends that `ends_to_give_again` names.
        gap_ms: Inactivity that ends a session.
        end_grace_ms: How long after an explicit end interactions still belong to it.

    Returns:
        The sessions, in the order of the input.
    """
    starts = starts_of(member)
    acts, ends, explicit = rank != RANK_END, rank == RANK_END, rank == RANK_START
    prev = previous_where(acts, starts)
    prev_ms = np.where(prev >= 0, time_ms[prev], carry.last_ms[member])
    close_ms = _closing_end(member, time_ms, ends, carry, prev_ms, previous_where(explicit, starts), end_grace_ms)
    closed = (close_ms > NO_TIME) & (time_ms > close_ms + end_grace_ms)
    opens = acts & (explicit | (prev_ms == NO_TIME) | (time_ms - prev_ms >= gap_ms) | closed)
    opened, upto_act, upto_end = (_last_upto(mask, starts) for mask in (opens, acts, ends))
    last_ms = np.where(upto_act >= 0, time_ms[upto_act], carry.last_ms[member])
    return Sessions(
        opens=opens,
        start_ms=np.where(opened >= 0, time_ms[opened], carry.start_ms[member]),
        last_ms=last_ms,
        end_ms=np.where(upto_end >= 0, time_ms[upto_end], carry.end_ms[member]),
        close_ms=_closing_end(member, time_ms, ends, carry, last_ms, _last_upto(explicit, starts), end_grace_ms),
    )


def ends_to_give_again(member: Ints, time_ms: Ints, rank: Ints, *, upto_ms: int, end_grace_ms: int) -> Bools:
    """Marks the explicit ends that the next call must get again, before its own marks.

    A carry holds one end. Of several within the grace before `upto_ms`, later interactions decide which one closes
    their session. To give an end twice changes nothing.

    Args:
        member: As given to `assign_sessions`.
        time_ms: Likewise.
        rank: Likewise.
        upto_ms: The marks of the next call lie at or after this instant.
        end_grace_ms: How long after an explicit end interactions still belong to it.
    """
    starts = starts_of(member)
    last_explicit = np.repeat(last_where(rank == RANK_START, starts), lengths_of(starts, len(member)))
    after = np.arange(len(member)) > last_explicit
    again: Bools = (rank == RANK_END) & after & (time_ms >= upto_ms - end_grace_ms)
    return again


def _closing_end(  # noqa: PLR0913
    member: Ints, time_ms: Ints, ends: Bools, carry: SessionCarry, prev_ms: Ints, explicit: Ints, grace_ms: int
) -> Ints:
    """Returns the first end that closes the session of the interaction at `prev_ms`, or `NO_TIME`.

    It lies after the last explicit start (`explicit`: its index or -1), at the earliest `grace_ms` before `prev_ms`.
    """
    since = np.where(prev_ms > NO_TIME, prev_ms - grace_ms, _TIME_ORIGIN_MS)
    since = np.where(explicit >= 0, np.maximum(since, time_ms[explicit] + 1), since)
    carried = carry.close_ms[member]
    from_carry = (explicit < 0) & (carried > NO_TIME) & (carried >= since)
    at_end = np.flatnonzero(ends)
    if not len(at_end):
        return np.where(from_carry, carried, NO_TIME)
    keys = _member_time(member[at_end], time_ms[at_end])
    first = np.searchsorted(keys, _member_time(member, np.maximum(since, _TIME_ORIGIN_MS)), side="left")
    found = at_end[np.minimum(first, len(at_end) - 1)]
    here = (first < len(at_end)) & (member[found] == member)
    return np.where(from_carry, carried, np.where(here, time_ms[found], NO_TIME))


def _member_time(member: Ints, time_ms: Ints) -> Ints:
    return member << _TIME_BITS | (time_ms - _TIME_ORIGIN_MS)


def _last_upto(mask: Bools, starts: Ints) -> Ints:
    """Returns the index of the last element up to and with each one, in its run, for which `mask` holds, or -1."""
    before = previous_where(mask, starts)
    return np.where(mask, np.arange(len(mask)), before)
