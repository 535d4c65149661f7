"""Where the marks of a student fall apart: instants before which nothing bears on what comes after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataflows.content.intervals import ORIGIN_MS, key_of
from dataflows.content.marks import NONE, Explicit, Flag, FoldRules, Marks
from dataflows.content.sent import reach_of
from dataflows.content.sessions import Sessions
from dataflows.operators.segments import Bools, Ints, previous_where, starts_of


@dataclass(frozen=True, slots=True)
class SplitPoints:
    """Starts of sessions at which the folds may begin as well as at the very beginning.

    Attributes:
        member: Index of the student, ascending.
        at_ms: The instants, ascending within a member.
        first: Whether nothing of the student lies before.
        end_ms: By member, shape (members,): when everything is over; nothing later touches it.
    """

    member: Ints
    at_ms: Ints
    first: Bools
    end_ms: Ints


def split_points_of(
    marks: Marks, sessions: Sessions, explicit: Explicit, members: int, rules: FoldRules
) -> SplitPoints:
    """Returns where the marks of some students may be cut.

    A start of a session is no such instant where an explicit end within the grace before it may still close what
    comes after; where a session id from before may go on; where a video of the session before may still be playing;
    where an explicit visit spans or touches it; where another mark of the same instant comes before it in the log.

    Args:
        marks: The students' marks.
        sessions: Their sessions.
        explicit: Their explicit visits.
        members: How many students.
        rules: Settings of the folds.
    """
    keys = key_of(marks.member, marks.time_ms)
    begins = starts_of(marks.member)
    at = _opening_marks(marks, sessions)
    ended, played = (_last_ms(marks, begins, at, marks.has(flag)) for flag in (Flag.END, Flag.VIDEO))
    named = _last_ms(marks, begins, at, marks.has(Flag.INTERACTION) & (marks.session != NONE))
    leaves = (marks.flags[at] & int(Flag.LEAVES)) != 0
    views = ((marks.flags[at] & int(Flag.VIDEO)) != 0) & (marks.video[at] != NONE)
    safe = sessions.start_ms - ended > rules.end_grace_ms
    safe &= sessions.is_cut | (sessions.start_ms - named >= rules.gap_ms)
    safe &= leaves | views | (sessions.start_ms - played >= rules.idle_cap_ms)
    safe &= ~_spanned(sessions.member, sessions.start_ms, explicit, reach_of(explicit, rules))
    earlier = np.searchsorted(keys, key_of(sessions.member, sessions.start_ms), side="left")
    safe &= earlier == at
    first = (earlier == 0) | (marks.member[np.maximum(earlier - 1, 0)] != sessions.member)
    if len(explicit):
        before = np.searchsorted(key_of(explicit.member, explicit.start_ms), key_of(sessions.member, sessions.start_ms))
        first &= (before == 0) | (explicit.member[np.maximum(before - 1, 0)] != sessions.member)
    return SplitPoints(
        sessions.member[safe], sessions.start_ms[safe], first[safe], _ends(marks, explicit, members, rules)
    )


def _opening_marks(marks: Marks, sessions: Sessions) -> Ints:
    """Returns the index of the mark that opens each session."""
    rows = np.flatnonzero(marks.has(Flag.INTERACTION))
    return rows[np.searchsorted(sessions.of[rows], np.arange(len(sessions)))]


def _last_ms(marks: Marks, begins: Ints, at: Ints, mask: Bools) -> Ints:
    """Returns the time of the last mark for which `mask` holds before each of some; long ago where there is none."""
    last = previous_where(mask, begins)[at]
    return np.where(last >= 0, marks.time_ms[last], -ORIGIN_MS)


def _spanned(member: Ints, at_ms: Ints, explicit: Explicit, reach_ms: Ints) -> Bools:
    """Returns whether an explicit visit of the member begins at or before an instant and reaches it."""
    if not len(explicit):
        return np.zeros(len(member), np.bool_)
    reached = np.maximum.accumulate(key_of(explicit.member, reach_ms))
    last = np.searchsorted(key_of(explicit.member, explicit.start_ms), key_of(member, at_ms), side="right") - 1
    found: Bools = (last >= 0) & (reached[np.maximum(last, 0)] >= key_of(member, at_ms))
    return found


def _ends(marks: Marks, explicit: Explicit, members: int, rules: FoldRules) -> Ints:
    end_ms = np.full(members, ORIGIN_MS, np.int64)
    np.maximum.at(end_ms, marks.member, marks.time_ms + rules.gap_ms)
    np.maximum.at(end_ms, explicit.member, reach_of(explicit, rules) + 1)
    return end_ms
