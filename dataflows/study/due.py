"""Which rows a change may touch, and when the low watermark alone changes one."""

from __future__ import annotations

import numpy as np

from dataflows.operators.segments import Ints
from dataflows.study.cuts import key_of
from dataflows.study.marks import NONE, Explicit, Flag, FoldRules, Marks
from dataflows.study.pending import NEVER
from dataflows.study.sessions import Sessions
from dataflows.study.visits import Visits


def since_of(  # noqa: PLR0913
    marks: Marks, explicit: Explicit, sessions: Sessions, visits: Visits, changed_ms: Ints, rules: FoldRules
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
        changed_ms: The earliest new event of each member; `NEVER` where time alone changes something.
        rules: Settings of the folds.
    """
    member = np.arange(len(changed_ms))
    first, end = (np.searchsorted(marks.member, member, side=side) for side in ("left", "right"))
    has = end > first
    at = np.append(marks.time_ms, NEVER)
    sent = np.full(len(member), NEVER, np.int64)
    np.minimum.at(sent, explicit.member, explicit.start_ms)
    changed = np.where(changed_ms < NEVER, changed_ms, np.where(has, at[end - 1], sent))
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

    for rows in (np.arange(len(marks)), np.flatnonzero(marks.has(_PRESENT))):
        last = rows[np.append(np.diff(marks.member[rows]) != 0, True)[: len(rows)]]
        at(marks.member[last], marks.time_ms[last] + rules.idle_cap_ms)
    at(sessions.member, sessions.last_ms + rules.gap_ms)
    at(sessions.member, sessions.close_ms + rules.end_grace_ms)
    is_open = explicit.end_ms == NONE
    at(explicit.member[is_open], explicit.start_ms[is_open] + rules.idle_cap_ms)
    return due


_PRESENT = Flag.INTERACTION | Flag.IDLE | Flag.HIDDEN | Flag.END
