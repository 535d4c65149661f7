"""Sessions of some students, folded from their marks: pure, all students at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataflows.operators.segments import Bools, Ints, last_where, starts_of
from dataflows.operators.session import (
    NO_TIME,
    RANK_END,
    RANK_OTHER,
    RANK_START,
    SessionCarry,
    assign_sessions,
)
from dataflows.study.marks import NONE, Flag, FoldRules, Marks


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
        klass: Code of the last class that an interaction carries, or `NONE`.
        session: Code of the first session id that one carries; so are the following.
        device: Type of device.
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
    klass: Ints
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
    opens, close_ms = _opened(marks, rows, rules)
    acts = marks.has(Flag.INTERACTION)[rows]
    inter, first = rows[acts], np.flatnonzero(opens[acts])
    member, start_ms = marks.member[inter[first]], marks.time_ms[inter[first]]
    last_row = np.append(first[1:], len(inter))[: len(first)] - 1
    last_ms = marks.time_ms[inter[last_row]]
    is_last = np.append(member[1:] != member[:-1], True)[: len(member)]
    until = np.where(is_last, last_ms + rules.gap_ms, np.append(start_ms[1:], 0)[: len(member)])
    close = close_ms[np.flatnonzero(acts)[last_row]]
    # At one instant an end comes before whatever opens a session.
    close = np.where((close <= until) & (close < last_ms + rules.gap_ms), close, NO_TIME)
    over = (close > NO_TIME) & (low_ms >= close + rules.end_grace_ms)
    return Sessions(
        of=_session_of(marks, acts_at=inter, opens=opens[acts], gap_ms=rules.gap_ms),
        member=member,
        start_ms=start_ms,
        last_ms=last_ms,
        close_ms=close,
        is_open=is_last & ~over & (low_ms < last_ms + rules.gap_ms),
        **_counted(marks, inter, first),
        is_bounce=_bounces(marks, inter, first),
        **_carried(marks, inter, first),
    )


def _opened(marks: Marks, rows: Ints, rules: FoldRules) -> tuple[Bools, Ints]:
    """Returns whether each interaction or end among `rows` opens a session, and the end that would close it there."""
    member, time_ms = marks.member[rows], marks.time_ms[rows]
    end, start = marks.has(Flag.END)[rows], marks.has(Flag.START)[rows]
    size = int(member[-1]) + 1 if len(member) else 0
    never = np.full(size, NO_TIME, np.int64)
    found = assign_sessions(
        member,
        time_ms,
        np.where(end, RANK_END, np.where(start, RANK_START, RANK_OTHER)),
        SessionCarry(never, never, never, never),
        gap_ms=rules.gap_ms,
        end_grace_ms=rules.end_grace_ms,
    )
    return _cut(_once_an_instant(found.opens, member, time_ms), ~end, time_ms, rules.longest_ms), found.close_ms


def _once_an_instant(opens: Bools, member: Ints, time_ms: Ints) -> Bools:
    """Lets only the first of several explicit starts at one instant open a session: its start is its key."""
    at = np.flatnonzero(opens)
    again = at[1:][(member[at[1:]] == member[at[:-1]]) & (time_ms[at[1:]] == time_ms[at[:-1]])]
    once = opens.copy()
    once[again] = False
    return once


def _cut(opens: Bools, acts: Bools, time_ms: Ints, longest_ms: int) -> Bools:
    """Opens a session at the first interaction that is `longest_ms` or more after the start of its own."""
    index = np.arange(len(opens))
    while True:
        at = np.maximum.accumulate(np.where(opens, index, -1)) if len(opens) else index
        too_long = np.flatnonzero(acts & (at >= 0) & (time_ms - time_ms[at] >= longest_ms))
        if not len(too_long):
            return opens
        opens = opens.copy()
        opens[too_long[starts_of(at[too_long])]] = True


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


def _carried(marks: Marks, inter: Ints, first: Ints) -> dict[str, Ints]:
    def of(name: str) -> Ints:
        codes: Ints = getattr(marks, name)[inter]
        at = last_where(codes != NONE, first) if name == "klass" else _first_where(codes != NONE, first)
        return np.where(at >= 0, codes[at], NONE) if len(first) else at

    return {name: of(name) for name in ("klass", "session", "device", "browser", "country")}


def _first_where(mask: Bools, starts: Ints) -> Ints:
    """Returns, for each run, the index of the first element for which `mask` holds; -1 where none does."""
    if not len(starts):
        return np.empty(0, np.int64)
    found: Ints = np.minimum.reduceat(np.where(mask, np.arange(len(mask)), len(mask)), starts)
    return np.where(found < len(mask), found, -1)
