"""Sessions of some students, folded from their marks: pure, all students at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataflows.content.marks import NONE, Flag, FoldRules, Marks
from dataflows.operators.segments import Bools, Ints, last_where, starts_of
from dataflows.operators.session import (
    END,
    NO_TIME,
    OTHER,
    START,
    SessionCarry,
    assign_sessions,
    same_session,
)


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions in the order of (member, start); arrays have shape (n,) unless stated.

    Attributes:
        of: The session of each mark, shape of the marks, ascending where it is not -1: an interaction's own; another
            mark's is that of the interaction before it, if that is less than the gap ago, else -1.
        member: Index of the student, as in `Marks`.
        start_ms: Its first interaction.
        last_ms: Its last one.
        close_ms: The explicit end that closed it, less than the gap after `last_ms`; `NO_TIME` where none did.
        events: Interactions.
        pages: Page views.
        is_bounce: One page view and no other interaction than those that are passive.
        is_open: Whether it may still go on.
        is_cut: Whether it begins because the session before had lasted for too long.
        class_code: Code of the last class that an interaction carries, or `NONE`.
        session: Code of the first session id that one carries and that does not go on from a session before.
        device: Code of the first one that an interaction carries; so are the following.
        browser: Browser.
        country: Country code.
    """

    of: Ints
    member: Ints
    start_ms: Ints
    last_ms: Ints
    close_ms: Ints
    events: Ints
    pages: Ints
    is_bounce: Bools
    is_open: Bools
    is_cut: Bools
    class_code: Ints
    session: Ints
    device: Ints
    browser: Ints
    country: Ints

    def __len__(self) -> int:
        """How many sessions."""
        return len(self.member)

    @property
    def end_ms(self) -> Ints:
        """The last interaction, or the explicit end after it."""
        return np.maximum(self.last_ms, self.close_ms)


def fold_sessions(marks: Marks, low_ms: int, rules: FoldRules) -> Sessions:
    """Returns the sessions of some students.

    An explicit end closes a session if it comes less than the gap after its last interaction: later the session was
    over already. A session that reaches `rules.longest_ms` is cut, and a new one begins. Of a student only the last
    session can be open.

    Args:
        marks: The students' marks, from the beginning of a session on.
        low_ms: The lowest watermark of the task.
        rules: Settings of the folds.
    """
    rows = np.flatnonzero(marks.has(Flag.INTERACTION) | marks.has(Flag.END))
    opened = _opened(marks, rows, rules)
    acts = marks.has(Flag.INTERACTION)[rows]
    inter, first = rows[acts], np.flatnonzero(opened.opens[acts])
    member, start_ms = marks.member[inter[first]], marks.time_ms[inter[first]]
    last_row = np.append(first[1:], len(inter))[: len(first)] - 1
    last_ms = marks.time_ms[inter[last_row]]
    is_last = np.append(member[1:] != member[:-1], True)[: len(member)]
    close_at = opened.close_at[np.flatnonzero(acts)[last_row]]
    close = np.where(close_at >= 0, marks.time_ms[rows][close_at], NO_TIME) if len(rows) else close_at
    # An end that comes after what opens the next session is none of this one's.
    before_next = is_last | (rows[close_at] < np.append(inter[first[1:]], 0)[: len(first)]) if len(rows) else is_last
    close = np.where(before_next & (close < last_ms + rules.gap_ms), close, NO_TIME)
    over = (close > NO_TIME) & (low_ms >= close + rules.end_grace_ms)
    of = _session_of(marks, acts_at=inter, opens=opened.opens[acts], gap_ms=rules.gap_ms)
    return Sessions(
        of=of,
        member=member,
        start_ms=start_ms,
        last_ms=last_ms,
        close_ms=close,
        is_open=is_last & ~over & (low_ms < last_ms + rules.gap_ms),
        is_cut=opened.split_points[acts][first],
        **_counted(marks, inter, first),
        is_bounce=_bounces(marks, inter, first),
        **_carried(marks, inter, first, _reported_before(of, rows, opened.goes_on)),
    )


@dataclass(frozen=True, slots=True)
class _Opened:
    """What opens sessions; arrays have the shape of the interactions and ends, rows are indices among these.

    Attributes:
        opens: Whether a session begins.
        split_points: Whether it begins because the one before had lasted for too long.
        close_at: Row of the end that would close the session there; -1 where there is none.
        goes_on: Row of the interaction from which the session id goes on; -1 where there is none.
    """

    opens: Bools
    split_points: Bools
    close_at: Ints
    goes_on: Ints


def _opened(marks: Marks, rows: Ints, rules: FoldRules) -> _Opened:
    """Returns what opens sessions among interactions and ends.

    A session that lasts for `rules.longest_ms` is cut, and a student starts afresh there: what is known of the time
    before, session ids that go on among it, bears on nothing after it.
    """
    member, time_ms = marks.member[rows], marks.time_ms[rows]
    end, start = marks.has(Flag.END)[rows], marks.has(Flag.START)[rows]
    size = int(member[-1]) + 1 if len(member) else 0
    never = np.full(size, NO_TIME, np.int64)
    goes_on = same_session(member, time_ms, marks.session[rows], ~end, rules.gap_ms)
    split_points = np.zeros(len(rows), np.bool_)
    while True:
        found = assign_sessions(
            member,
            time_ms,
            np.where(end, END, np.where(start, START, OTHER)),
            goes_on >= 0,
            SessionCarry(never, never, never, never),
            gap_ms=rules.gap_ms,
            end_grace_ms=rules.end_grace_ms,
        )
        opens = _once_an_instant(found.opens | split_points, member, time_ms)
        more = _too_long(opens, ~end, member, time_ms, rules.longest_ms)
        if not len(more):
            return _Opened(opens, split_points, found.close_at, goes_on)
        split_points[more] = True
        passed = np.cumsum(split_points)
        goes_on = np.where((goes_on >= 0) & (passed[goes_on] == passed), goes_on, -1)


def _once_an_instant(opens: Bools, member: Ints, time_ms: Ints) -> Bools:
    """Lets only the first of several explicit starts at one instant open a session: its start is its key."""
    at = np.flatnonzero(opens)
    again = at[1:][(member[at[1:]] == member[at[:-1]]) & (time_ms[at[1:]] == time_ms[at[:-1]])]
    once = opens.copy()
    once[again] = False
    return once


def _too_long(opens: Bools, acts: Bools, member: Ints, time_ms: Ints, longest_ms: int) -> Ints:
    """Returns each member's first interaction that is `longest_ms` or more after the start of its session."""
    if not len(opens):
        return np.empty(0, np.int64)
    at = np.maximum.accumulate(np.where(opens, np.arange(len(opens)), -1))
    rows = np.flatnonzero(acts & (at >= 0) & (time_ms - time_ms[at] >= longest_ms))
    return rows[starts_of(member[rows])]


def _reported_before(of: Ints, rows: Ints, goes_on: Ints) -> Ints:
    """Returns the marks whose session id goes on from an earlier session: it names that one."""
    on = np.flatnonzero(goes_on >= 0)
    mine = rows[on]
    reported: Ints = mine[of[rows[goes_on[on]]] < of[mine]]
    return reported


def _session_of(marks: Marks, *, acts_at: Ints, opens: Bools, gap_ms: int) -> Ints:
    if not len(acts_at):
        return np.full(len(marks), -1, np.int64)
    before = np.searchsorted(acts_at, np.arange(len(marks)), side="right") - 1
    at = acts_at[np.maximum(before, 0)]
    near = (before >= 0) & (marks.member[at] == marks.member) & (marks.time_ms - marks.time_ms[at] < gap_ms)
    return np.where(near, (np.cumsum(opens) - 1)[np.maximum(before, 0)], -1)


def _counted(marks: Marks, inter: Ints, first: Ints) -> dict[str, Ints]:
    page = (marks.flags[inter] & int(Flag.PAGE_VIEW)) != 0
    return {"events": _sums(np.ones(len(inter), np.int64), first), "pages": _sums(page.astype(np.int64), first)}


def _bounces(marks: Marks, inter: Ints, first: Ints) -> Bools:
    flags = marks.flags[inter]
    page = (flags & int(Flag.PAGE_VIEW)) != 0
    other = ~page & ((flags & int(Flag.PASSIVE)) == 0)
    bounces: Bools = (_sums(page.astype(np.int64), first) == 1) & (_sums(other.astype(np.int64), first) == 0)
    return bounces


def _sums(values: Ints, starts: Ints) -> Ints:
    return np.add.reduceat(values, starts) if len(starts) else np.empty(0, np.int64)


def _carried(marks: Marks, inter: Ints, first: Ints, reported_before: Ints) -> dict[str, Ints]:
    names = marks.session.copy()
    names[reported_before] = NONE

    def of(name: str) -> Ints:
        codes: Ints = (names if name == "session" else getattr(marks, name))[inter]
        at = last_where(codes != NONE, first) if name == "class_code" else _first_where(codes != NONE, first)
        return np.where(at >= 0, codes[at], NONE) if len(first) else at

    return {name: of(name) for name in ("class_code", "session", "device", "browser", "country")}


def _first_where(mask: Bools, starts: Ints) -> Ints:
    """Returns, for each run, the index of the first element for which `mask` holds; -1 where none does."""
    if not len(starts):
        return np.empty(0, np.int64)
    found: Ints = np.minimum.reduceat(np.where(mask, np.arange(len(mask)), len(mask)), starts)
    return np.where(found < len(mask), found, -1)
