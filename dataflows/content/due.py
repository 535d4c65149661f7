"""Which rows a change may touch, and when the low watermark alone changes one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from dataflows.content.intervals import key_of
from dataflows.content.marks import NONE, Explicit, Flag, FoldRules, Marks
from dataflows.content.pending import NEVER, ORIGIN_MS
from dataflows.content.sent import reach_of
from dataflows.content.sessions import Sessions
from dataflows.content.visits import Visits
from dataflows.operators.segments import Bools, Ints

_PRESENT: Final = Flag.INTERACTION | Flag.IDLE | Flag.HIDDEN | Flag.END


def changed_since(  # noqa: PLR0913
    marks: Marks,
    explicit: Explicit,
    sessions: Sessions,
    visits: Visits,
    changed_ms: Ints,
    is_due: Bools,
    rules: FoldRules,
) -> dict[str, Ints]:
    """Returns since when the rows of each member may have changed, by kind of rows.

    What lies before a mark bears on what comes after, never the other way round but for the mark before it: its time
    ends with the new one. So the row that holds that mark is the first to change. Of videos it is the session that
    holds the last mark from which one may still have been playing.

    Args:
        marks: The members' marks.
        explicit: Their explicit visits.
        sessions: Folded from the marks.
        visits: Likewise.
        changed_ms: The earliest new event of each member; `NEVER` where there is none.
        is_due: Of whom time alone changes something: what the last events left open.
        rules: Settings of the folds.
    """
    member = np.arange(len(changed_ms))
    first, end = (np.searchsorted(marks.member, member, side=side) for side in ("left", "right"))
    has = end > first
    at = np.append(marks.time_ms, NEVER)
    changed = np.where(is_due, np.minimum(changed_ms, _left_open(marks, explicit, len(member))), changed_ms)
    keys = key_of(marks.member, marks.time_ms)
    before = np.searchsorted(keys, key_of(member, changed)) - 1
    before_ms = np.where(before >= first, at[before], changed)
    start_ms = np.minimum(changed, np.where(has, at[first], NEVER))
    playing = at[np.minimum(np.searchsorted(keys, key_of(member, before_ms - rules.idle_cap_ms)), len(keys))]
    derived = ~visits.is_view
    session_keys = key_of(sessions.member, sessions.start_ms)
    return {
        "sessions": _start_upto(session_keys, sessions.start_ms, member, before_ms, start_ms),
        "visits": _start_upto(
            key_of(visits.member[derived], visits.start_ms[derived]),
            visits.start_ms[derived],
            member,
            before_ms,
            start_ms,
        ),
        "videos": _start_upto(session_keys, sessions.start_ms, member, np.minimum(before_ms, playing), start_ms),
    }


def changes_upto(marks: Marks, explicit: Explicit, rules: FoldRules) -> Ints:
    """Returns up to when a new event may change each explicit visit.

    One without an end waits for the student's next event, or the next visit, however late that is.
    """
    reach_ms = reach_of(explicit, rules)
    is_open = np.flatnonzero(explicit.end_ms == NONE)
    if not len(is_open):
        return reach_ms
    signs = np.flatnonzero(marks.has(Flag.INTERACTION | Flag.END))
    signs_at, visits_at = key_of(marks.member[signs], marks.time_ms[signs]), key_of(explicit.member, explicit.start_ms)
    member, start_ms = explicit.member[is_open], explicit.start_ms[is_open]
    next_ms = np.full(len(is_open), NEVER, np.int64)
    for keys in (signs_at, visits_at):
        at = np.searchsorted(keys, key_of(member, start_ms), side="right")
        found = np.append(keys, np.iinfo(np.int64).max)[at]
        after_ms = found - key_of(member, start_ms) + start_ms
        next_ms = np.minimum(next_ms, np.where(found < key_of(member + 1, _origin(member)), after_ms, NEVER))
    reach_ms[is_open] = np.maximum(reach_ms[is_open], next_ms)
    return reach_ms


def _origin(member: Ints) -> Ints:
    return np.full(len(member), ORIGIN_MS, np.int64)


def _left_open(marks: Marks, explicit: Explicit, members: int) -> Ints:
    """Returns the earliest of what ends by time alone: each member's last mark, last sign of presence, last visit."""
    found = np.full(members, NEVER, np.int64)
    for who, time_ms in _last_signs(marks):
        np.minimum.at(found, who, time_ms)
    last = _last_rows(explicit.member)
    np.minimum.at(found, explicit.member[last], explicit.start_ms[last])
    return found


def _last_signs(marks: Marks) -> Iterator[tuple[Ints, Ints]]:
    """Yields (member, time) of each member's last mark, and of the last that tells of presence."""
    for rows in (np.arange(len(marks)), np.flatnonzero(marks.has(_PRESENT))):
        last = rows[_last_rows(marks.member[rows])]
        yield marks.member[last], marks.time_ms[last]


def _last_rows(member: Ints) -> Bools:
    return np.append(member[1:] != member[:-1], True)[: len(member)]


def _start_upto(keys: Ints, start_ms: Ints, member: Ints, at_ms: Ints, otherwise_ms: Ints) -> Ints:
    """Returns the start of each member's last row that begins at or before an instant."""
    if not len(keys):
        return otherwise_ms
    last = np.searchsorted(keys, key_of(member, at_ms), side="right") - 1
    found = (last >= 0) & (keys[np.maximum(last, 0)] >= key_of(member, otherwise_ms))
    return np.where(found, start_ms[np.maximum(last, 0)], otherwise_ms)


def due_of(  # noqa: PLR0913
    marks: Marks, explicit: Explicit, sessions: Sessions, members: int, low_ms: int, rules: FoldRules
) -> Ints:
    """Returns when the low watermark alone next changes a row of each member; `NEVER` where it does not.

    The time after the last mark is inferred, a session ends by its gap or by an explicit end, and an explicit visit
    without an end gets one.
    """
    due = np.full(members, NEVER, np.int64)

    def at(member: Ints, time_ms: Ints) -> None:
        later = time_ms > low_ms
        np.minimum.at(due, member[later], time_ms[later])

    for member, time_ms in _last_signs(marks):
        at(member, time_ms + rules.idle_cap_ms)
    at(sessions.member, sessions.last_ms + rules.gap_ms)
    at(sessions.member, sessions.close_ms + rules.end_grace_ms)
    is_open = explicit.end_ms == NONE
    at(explicit.member[is_open], explicit.start_ms[is_open] + rules.idle_cap_ms)
    return due
