"""Session windows: activity of one member with gaps below a limit, explicit starts and ends respected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflows.operators import packing
from dataflows.operators.segments import Bools, Ints, last_where, lengths_of, previous_where, starts_of

END: Final = 0
START: Final = 1
OTHER: Final = 2
"""What a mark is to sessions: an explicit end, an explicit start, or any other interaction."""

NO_SESSION: Final = -1
"""The session id of a mark that carries none."""

NO_TIME: Final = -(1 << 61)
"""A time before every time: nothing has happened yet."""


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
        close_at: The row of that end; -1 where there is none among the marks.
    """

    opens: Bools
    start_ms: Ints
    last_ms: Ints
    end_ms: Ints
    close_ms: Ints
    close_at: Ints


def assign_sessions(  # noqa: PLR0913
    member: Ints,
    time_ms: Ints,
    kind: Ints,
    goes_on: Bools,
    carry: SessionCarry,
    *,
    gap_ms: int,
    end_grace_ms: int,
) -> Sessions:
    """Assigns interactions to sessions.

    An interaction opens a session when there is none before it, or when the gap to the one before is at least
    `gap_ms`. It also does when it is an explicit start, or comes more than `end_grace_ms` after an explicit end that
    closed the session (the first end since the last explicit start and no earlier than the grace before the previous
    interaction, which belonged to the session that the end closes), unless its own session id goes on.

    Args:
        member: Index of the member into `carry`, shape (n,), ascending.
        time_ms: Epoch milliseconds, ascending within a member; marks of one instant are in the order of the log.
        kind: `END`, `START` or `OTHER`.
        goes_on: Whether the mark's session id goes on (`same_session`).
        carry: Where each member stood before; with it belong the ends that `ends_to_give_again` names.
        gap_ms: Inactivity that ends a session.
        end_grace_ms: How long after an explicit end interactions still belong to it.

    Returns:
        The sessions, in the order of the input.
    """
    starts = starts_of(member)
    acts, ends, explicit = kind != END, kind == END, kind == START
    prev = previous_where(acts, starts)
    prev_ms = np.where(prev >= 0, time_ms[prev], carry.last_ms[member])
    close_ms, _ = _closing_end(member, time_ms, ends, carry, prev_ms, previous_where(explicit, starts), end_grace_ms)
    closed = (close_ms > NO_TIME) & (time_ms > close_ms + end_grace_ms)
    opens = acts & ((prev_ms == NO_TIME) | (time_ms - prev_ms >= gap_ms) | ((explicit | closed) & ~goes_on))
    opened, upto_act, upto_end = (_last_upto(mask, starts) for mask in (opens, acts, ends))
    last_ms = np.where(upto_act >= 0, time_ms[upto_act], carry.last_ms[member])
    close_ms, close_at = _closing_end(member, time_ms, ends, carry, last_ms, _last_upto(explicit, starts), end_grace_ms)
    return Sessions(
        opens=opens,
        start_ms=np.where(opened >= 0, time_ms[opened], carry.start_ms[member]),
        last_ms=last_ms,
        end_ms=np.where(upto_end >= 0, time_ms[upto_end], carry.end_ms[member]),
        close_ms=close_ms,
        close_at=close_at,
    )


def same_session(member: Ints, time_ms: Ints, session: Ints, acts: Bools, gap_ms: int) -> Ints:
    """Returns the row of the member's interaction before each one with the same session id, if less than the gap ago.

    Args:
        member: Index of the member, shape (n,).
        time_ms: Epoch milliseconds; the marks of a member are in the order of time.
        session: Code of the session id, `NO_SESSION` where there is none.
        acts: Which marks are interactions.
        gap_ms: Inactivity that ends a session.

    Returns:
        Rows, shape (n,); -1 where there is none: that mark's session id does not go on.

    Example:
        >>> time_ms = np.array([0, 10, 20, 200])
        >>> same_session(np.zeros(4, np.int64), time_ms, np.array([7, 8, 7, 8]), np.ones(4, np.bool_), 100).tolist()
        [-1, -1, 0, -1]
    """
    found = np.full(len(member), -1, np.int64)
    rows = np.flatnonzero(acts & (session != NO_SESSION))
    rows = rows[np.lexsort((session[rows], member[rows]))]  # stable: the marks of a session stay in order
    before, after = rows[:-1], rows[1:]
    same = (member[before] == member[after]) & (session[before] == session[after])
    same &= time_ms[after] - time_ms[before] < gap_ms
    found[after[same]] = before[same]
    return found


def ends_to_give_again(member: Ints, time_ms: Ints, kind: Ints, *, upto_ms: int, end_grace_ms: int) -> Bools:
    """Marks the explicit ends that the next call must get again, before its own marks.

    A carry holds one end. Of several within the grace before `upto_ms`, later interactions decide which one closes
    their session. To give an end twice changes nothing.

    Args:
        member: As given to `assign_sessions`.
        time_ms: Likewise.
        kind: Likewise.
        upto_ms: The marks of the next call lie at or after this instant.
        end_grace_ms: How long after an explicit end interactions still belong to it.
    """
    starts = starts_of(member)
    last_explicit = np.repeat(last_where(kind == START, starts), lengths_of(starts, len(member)))
    after = np.arange(len(member)) > last_explicit
    again: Bools = (kind == END) & after & (time_ms >= upto_ms - end_grace_ms)
    return again


def _closing_end(  # noqa: PLR0913
    member: Ints, time_ms: Ints, ends: Bools, carry: SessionCarry, prev_ms: Ints, explicit: Ints, grace_ms: int
) -> tuple[Ints, Ints]:
    """Returns the first end that closes the session of the interaction at `prev_ms`: its time and its row.

    It comes after the last explicit start (`explicit`: its row or -1), at the earliest `grace_ms` before `prev_ms`.
    Where there is none, `NO_TIME` and -1; the row is -1 too where it is carried.
    """
    since = np.maximum(np.where(prev_ms > NO_TIME, prev_ms - grace_ms, packing.EPOCH_MS), packing.EPOCH_MS)
    carried = carry.close_ms[member]
    from_carry = (explicit < 0) & (carried > NO_TIME) & (carried >= since)
    at_end = np.flatnonzero(ends)
    if not len(at_end):
        return np.where(from_carry, carried, NO_TIME), np.full(len(member), -1, np.int64)
    first = np.searchsorted(_member_time(member[at_end], time_ms[at_end]), _member_time(member, since), side="left")
    first = np.maximum(first, np.searchsorted(at_end, explicit, side="right"))
    found = at_end[np.minimum(first, len(at_end) - 1)]
    here = ~from_carry & (first < len(at_end)) & (member[found] == member)
    return np.where(from_carry, carried, np.where(here, time_ms[found], NO_TIME)), np.where(here, found, -1)


def _member_time(member: Ints, time_ms: Ints) -> packing.Wide:
    return packing.moment(member, time_ms, 0)


def _last_upto(mask: Bools, starts: Ints) -> Ints:
    """Returns the index of the last element up to and with each one, in its run, for which `mask` holds, or -1."""
    before = previous_where(mask, starts)
    return np.where(mask, np.arange(len(mask)), before)
