"""The fold of open minutes into a student's base; the same function gives the live state and the final one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflows.engagement.base import Base
from dataflows.engagement.marks import Marks, Recent
from dataflows.operators import packing
from dataflows.operators.calendar import Calendar
from dataflows.operators.segments import Bools, Ints, previous_where, starts_of
from dataflows.operators.session import END, SessionCarry, Sessions, assign_sessions, same_session

NIBBLES: Final = 15
_WEIGHT_MASK: Final = (1 << 4 * NIBBLES) - 1
_DAY_MASK: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings of the fold, in milliseconds."""

    session_gap_ms: int
    end_grace_ms: int


@dataclass(frozen=True, slots=True)
class Folded:
    """What the fold found.

    Attributes:
        base: The state after the marks, one entry a member.
        member: Member of each mark, ascending.
        minute: Packed minute of each mark.
        sessions: Session facts after each mark.
        session_minutes: Minutes with an interaction in the current session, after each mark.
        day_bits: Day bits after each mark.
        last_day: Their day.
    """

    base: Base
    member: Ints
    minute: Ints
    sessions: Sessions
    session_minutes: Ints
    day_bits: Ints
    last_day: Ints


def fold(  # noqa: PLR0913
    base: Base,
    member: Ints,
    marks: Marks,
    recent: Recent,
    minutes: Ints,
    weights: Ints,
    rules: Rules,
    calendar: Calendar,
) -> Folded:
    """Folds marks (interactions and explicit ends) and minute weights into `base`.

    Args:
        base: The state before, one entry a member.
        member: Index into `base` of each mark, ascending.
        marks: The marks; shape (marks,).
        recent: Session ids that may go on; `student` holds the index of the member.
        minutes: Packed (member, minute) of minutes with weight, ascending; shape (minutes,).
        weights: Their weights in tenths.
        rules: Session gap and grace.
        calendar: Local days.

    Returns:
        The state after each mark and at the end.
    """
    minute, acts = marks.minute, marks.kind != END
    sessions = assign_sessions(
        member,
        marks.time_ms,
        marks.kind,
        _goes_on(member, marks, acts, recent, rules.session_gap_ms),
        SessionCarry(base.last_ms, base.end_ms, base.start_ms, base.close_ms),
        gap_ms=rules.session_gap_ms,
        end_grace_ms=rules.end_grace_ms,
    )
    session_minutes = _session_minutes(base, member, minute, acts, sessions)
    day_bits, last_day = _days(base, member, minute, acts, calendar)
    after = base.of(np.arange(len(base)))
    last = np.append(starts_of(member)[1:], len(member)) - 1 if len(member) else member
    who = member[last]
    after.last_ms[who] = sessions.last_ms[last]
    after.end_ms[who] = sessions.end_ms[last]
    after.start_ms[who] = sessions.start_ms[last]
    after.close_ms[who] = sessions.close_ms[last]
    after.session_minutes[who] = session_minutes[last]
    after.day_bits[who], after.last_day[who] = day_bits[last], last_day[last]
    after.weights = _weights(base, after, minutes, weights)
    return Folded(after, member, minute, sessions, session_minutes, day_bits, last_day)


def _goes_on(member: Ints, marks: Marks, acts: Bools, recent: Recent, gap_ms: int) -> Bools:
    """Returns of each mark whether its session id goes on from an earlier mark, or from before all of them."""
    before = len(recent.student)
    found = same_session(
        np.concatenate([recent.student, member]),
        np.concatenate([recent.last_ms, marks.time_ms]),
        np.concatenate([recent.session, marks.session]),
        np.concatenate([np.ones(before, np.bool_), acts]),
        gap_ms,
    )
    goes_on: Bools = found[before:] >= 0
    return goes_on


def _session_minutes(base: Base, member: Ints, minute: Ints, acts: Bools, sessions: Sessions) -> Ints:
    """Returns, after each mark, the distinct minutes with an interaction in the current session."""
    if not len(member):
        return member
    starts = starts_of(member)
    prev = previous_where(acts, starts)
    prev_minute = np.where(prev >= 0, minute[prev], packing.minute_of(base.last_ms[member]))
    counted = np.cumsum(acts & (sessions.opens | (minute != prev_minute)))
    opened = previous_where(sessions.opens, starts)
    opened = np.where(sessions.opens, np.arange(len(member)), opened)
    run = np.repeat(starts, np.diff(starts, append=len(member)))
    before_run = np.where(run > 0, counted[run - 1], 0)
    carried = base.session_minutes[member] + counted - before_run
    minutes: Ints = np.where(opened >= 0, counted - counted[opened] + 1, carried)
    return minutes


def _days(base: Base, member: Ints, minute: Ints, is_act: Bools, calendar: Calendar) -> tuple[Ints, Ints]:
    """Returns day bits and last day after each mark."""
    if not len(member):
        return member, member
    acts = np.flatnonzero(is_act)
    bits, last = base.day_bits.copy(), base.last_day.copy()
    out_bits, out_day = base.day_bits[member], base.last_day[member]
    if not len(acts):
        return out_bits, out_day
    act_member, day = member[acts], calendar.day_of(minute[acts])
    changes = starts_of(act_member << 32 | day)
    change_member, change_day = act_member[changes], day[changes]
    change_bits = np.empty(len(changes), np.int64)
    first = starts_of(change_member)
    nth = np.arange(len(changes)) - np.repeat(first, np.diff(first, append=len(changes)))
    # A member's days follow one another; members go side by side. Live, there is one round.
    for round_ in range(int(nth.max()) + 1):
        rows = np.flatnonzero(nth == round_)
        who, today = change_member[rows], change_day[rows]
        shift = np.where(bits[who] == 0, 0, np.clip(today - last[who], 0, 32))
        bits[who] = (bits[who] << shift | 1) & _DAY_MASK
        last[who] = today
        change_bits[rows] = bits[who]
    at_mark = np.zeros(len(member), np.int64)
    at_mark[acts[changes]] = 1
    nth_change = np.cumsum(at_mark) - 1
    mine = (nth_change >= 0) & (change_member[np.maximum(nth_change, 0)] == member)
    where = np.maximum(nth_change, 0)
    return np.where(mine, change_bits[where], out_bits), np.where(mine, change_day[where], out_day)


def _weights(base: Base, after: Base, minutes: Ints, weights: Ints) -> Ints:
    """Returns the weight nibbles after the fold, the lowest at the minute of the last interaction."""
    newest = packing.minute_of(after.last_ms)
    shift = np.clip(newest - packing.minute_of(base.last_ms), 0, NIBBLES)
    kept = np.where(shift < NIBBLES, base.weights & (_WEIGHT_MASK >> 4 * np.minimum(shift, NIBBLES - 1)), 0)
    out: Ints = kept << 4 * np.minimum(shift, NIBBLES - 1)
    member = packing.student_of(minutes)
    back = newest[member] - packing.minute_in(minutes)
    near = (back >= 0) & (back < NIBBLES)
    np.bitwise_or.at(out, member[near], weights[near] << 4 * back[near])
    return out


def last_upto(keys: Ints, wanted: Ints) -> Ints:
    """Returns, for each wanted (member, minute), the index of the last key of that member up to it, or -1."""
    at = np.searchsorted(keys, wanted, side="right") - 1
    same = (
        (at >= 0) & (packing.student_of(keys[np.maximum(at, 0)]) == packing.student_of(wanted))
        if len(keys)
        else at >= 0
    )
    return np.where(same, at, -1)
