"""When a student was away from an explicit visit's chapter: `idle`, hidden pings and session ends, tab by tab."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataflows.content.intervals import LATEST_MS, Cover, key_of, union
from dataflows.content.marks import NONE, Flag, Marks
from dataflows.operators import packing
from dataflows.operators.segments import Bools, Ints, found_in


@dataclass(frozen=True, slots=True)
class Away:
    """Time away, by chapter: what the last event that concerns the chapter said.

    An event concerns a chapter that it names; one that names none, and every `session_end`, concerns all. So a hidden
    tab takes nothing from the tab in front, and work in front does not bring a hidden tab back.

    Attributes:
        group: Dense code of (member, chapter) of every visit.
        keys: Packed moments of (group, time) of the starts of visits and of the marks that name a chapter, ascending.
        at: (member, time) of the same.
        going: Whether time away begins there.
        unless: (member, time) of the first later mark that names no chapter: from there on `unnamed` tells.
        before: Time away before each, milliseconds, over all groups.
        unnamed: Time away as the marks without a chapter tell it, by member.
    """

    group: Ints
    keys: packing.Wide
    at: Ints
    going: Bools
    unless: Ints
    before: Ints
    unnamed: Cover

    def between(self, visit: Ints, member: Ints, start_ms: Ints, end_ms: Ints) -> Ints:  # noqa: PLR0913
        """Returns the time away within intervals of visits, milliseconds; none begins before its visit does."""
        group = self.group[visit]
        return self._upto(group, member, end_ms) - self._upto(group, member, start_ms)

    def _upto(self, group: Ints, member: Ints, time_ms: Ints) -> Ints:
        last = np.searchsorted(self.keys, packing.moment(group, time_ms, 0), side="right") - 1
        return self.before[last] + _since(
            self.at[last], self.going[last], self.unless[last], key_of(member, time_ms), self.unnamed
        )


def away_from(marks: Marks, member: Ints, chapter: Ints, start_ms: Ints) -> Away:
    """Returns the time away from the chapters of visits.

    Args:
        marks: Of the same students.
        member: Of each visit.
        chapter: Likewise.
        start_ms: Likewise; a visit's start brings the student to its chapter.
    """
    going = marks.has(Flag.IDLE | Flag.HIDDEN | Flag.END)
    tells = going | marks.has(Flag.INTERACTION)
    general = tells & ((marks.chapter == NONE) | marks.has(Flag.END))
    mark_keys = key_of(marks.member, marks.time_ms)
    plain = np.flatnonzero(general)
    unnamed = _gone(marks.member[plain], mark_keys[plain], going[plain])

    pairs = member << 32 | (chapter + 1)
    known, group = np.unique(pairs, return_inverse=True)
    named = np.flatnonzero(tells & ~general)
    here, place = found_in(marks.member[named] << 32 | (marks.chapter[named] + 1), known)
    named, place = named[here], place[here]

    # at one instant a visit's start comes after the marks, as its topic does, and these keep their order
    begun = np.searchsorted(mark_keys, key_of(member, start_ms), side="right")
    order = np.concatenate([2 * begun, 2 * named + 1])
    groups = np.concatenate([group, place])
    sorting = np.lexsort((order, groups))
    order, groups = order[sorting], groups[sorting]
    members = np.concatenate([member, marks.member[named]])[sorting]
    time_ms = np.concatenate([start_ms, marks.time_ms[named]])[sorting]
    leaves = np.concatenate([np.zeros(len(member), np.bool_), going[named]])[sorting]
    at = key_of(members, time_ms)
    unless = _next_of(members, order, plain, mark_keys, marks.member)
    spans = np.zeros(len(at), np.int64)
    same = groups[1:] == groups[:-1]
    spans[1:][same] = _since(at[:-1], leaves[:-1], unless[:-1], at[1:], unnamed)[same]
    return Away(group, packing.moment(groups, time_ms, 0), at, leaves, unless, np.cumsum(spans), unnamed)


def _gone(member: Ints, keys: Ints, going: Bools) -> Cover:
    """Returns the time from each going to the next mark of the member, whatever it says."""
    after = key_of(member, np.full(len(member), LATEST_MS))
    same = member[1:] == member[:-1]
    after[:-1][same] = keys[1:][same]
    return union(keys[going], after[going])


def _next_of(member: Ints, order: Ints, plain: Ints, mark_keys: Ints, mark_member: Ints) -> Ints:
    """Returns the key of the first mark without a chapter after each place in the order; the latest where none is."""
    never = key_of(member, np.full(len(member), LATEST_MS))
    if not len(plain):
        return never
    following = np.searchsorted(2 * plain + 1, order, side="right")
    mark = plain[np.minimum(following, len(plain) - 1)]
    return np.where((following < len(plain)) & (mark_member[mark] == member), mark_keys[mark], never)


def _since(at: Ints, going: Bools, unless: Ints, until: Ints, unnamed: Cover) -> Ints:
    """Returns the time away from `at` to `until`, between which no event names the chapter."""
    turn = np.minimum(unless, until)
    return np.where(going, turn - at, 0) + unnamed.between(turn, until)
