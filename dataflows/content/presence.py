"""Where each student was after each event, and until when: the stretches that chapter visits are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataflows.content.intervals import runs_upto
from dataflows.content.marks import NONE, Flag, FoldRules, Marks
from dataflows.operators.segments import Bools, Ints


@dataclass(frozen=True, slots=True)
class Stretches:
    """The time after each mark that says something about a student's presence; arrays have shape (n,).

    Marks that say nothing are left out: events made by servers, and `idle` or hidden pings of a chapter that is not
    the current one (a tab in the background).

    Attributes:
        mark: Index into the marks.
        member: As there.
        time_ms: Where the stretch begins.
        until_ms: Up to when it counts.
        known_ms: Up to when it is known to last: the next mark, or what is inferred where none follows.
        chapter: The chapter that the student is on; `NONE` on none.
        going: Whether the mark says that the student is away: `idle`, a hidden ping, `session_end`.
        heads: Whether a new run of one chapter, within one session, begins here.
    """

    mark: Ints
    member: Ints
    time_ms: Ints
    until_ms: Ints
    known_ms: Ints
    chapter: Ints
    going: Bools
    heads: Bools


def stretches_of(marks: Marks, of: Ints, low_ms: int, rules: FoldRules) -> Stretches:
    """Returns the stretches of time between the marks.

    Args:
        marks: Of some students.
        of: The session of each mark, -1 before the first one.
        low_ms: The lowest watermark: the last mark's time is inferred once it has passed.
        rules: Gap, grace and cap.
    """
    ends, going, visible = marks.has(Flag.END), _going(marks), _visible(marks)
    kept = np.flatnonzero(going | visible)
    heads = _heads(marks.member[kept], of[kept])
    current = _current(marks, of, kept, visible, ends, heads)
    named = marks.chapter[kept]
    behind = going[kept] & ~ends[kept] & (named != NONE) & (current != NONE) & (named != current)
    kept, current = kept[~behind], current[~behind]
    member, time_ms, going, ends = marks.member[kept], marks.time_ms[kept], going[kept], ends[kept]
    heads = _heads(member, of[kept])
    known_ms, followed = _known(member, time_ms, going, ends, heads, low_ms, rules)
    until_ms = np.where(going, time_ms, np.minimum(known_ms, time_ms + rules.idle_cap_ms))
    heads[1:] |= (current[1:] != current[:-1]) | ~followed[:-1]
    return Stretches(kept, member, time_ms, until_ms, known_ms, current, going, heads)


def _going(marks: Marks) -> Bools:
    return marks.has(Flag.IDLE | Flag.HIDDEN | Flag.END)


def _visible(marks: Marks) -> Bools:
    return marks.has(Flag.INTERACTION) & ~_going(marks)


def _heads(member: Ints, of: Ints) -> Bools:
    heads = np.ones(len(member), np.bool_)
    heads[1:] = (member[1:] != member[:-1]) | (of[1:] != of[:-1])
    return heads


def _current(marks: Marks, of: Ints, kept: Ints, visible: Bools, ends: Bools, heads: Bools) -> Ints:  # noqa: PLR0913
    """Returns the chapter that each kept mark leaves its student on; only visible interactions set one."""
    chapter = marks.chapter[kept]
    names = chapter != NONE
    sets = visible[kept] & (names | marks.has(Flag.LEAVES)[kept]) | ends[kept] & ~names
    setter = runs_upto(sets, heads)
    return np.where((setter >= 0) & (of[kept] >= 0), chapter[setter], NONE)


def _known(  # noqa: PLR0913
    member: Ints, time_ms: Ints, going: Bools, ends: Bools, heads: Bools, low_ms: int, rules: FoldRules
) -> tuple[Ints, Bools]:
    """Returns up to when each stretch is known to last, and whether a next mark within the session gap tells it."""
    later, followed = np.zeros(len(member), np.bool_), np.zeros(len(member), np.bool_)
    later[:-1] = member[1:] == member[:-1]
    followed[:-1] = later[:-1] & (time_ms[1:] - time_ms[:-1] < rules.gap_ms)
    end = runs_upto(ends, heads)
    leaving = (end >= 0) & (time_ms - time_ms[end] <= rules.end_grace_ms)
    inferred = ~going & ~leaving & (later | (low_ms >= time_ms + rules.idle_cap_ms))
    alone_ms = np.where(inferred, time_ms + rules.idle_cap_ms, time_ms)
    next_ms = np.roll(time_ms, -1)
    return np.where(followed & ~ends, next_ms, np.where(ends, time_ms, alone_ms)), followed
