"""What is to be done for whom: the students whose rows may change, from when on, and when time alone changes them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from dataflows.content.split_points import SplitPoints
from dataflows.operators.segments import Ints

ORIGIN_MS: Final = 946_684_800_000
NEVER: Final = 1 << 61
"""A time after every time."""

_COLUMNS: Final = ("changed", "due", "fold_from", "first_cut", "ends")
_INITIAL: Final = (NEVER, NEVER, ORIGIN_MS, NEVER, NEVER)


class Pending:
    """One entry a student code; epoch milliseconds.

    Attributes:
        changed: The earliest event that no write has contained; `NEVER` where there is none.
        due: When the low watermark alone next changes a row.
        fold_from: The last instant at which the student's marks may be cut: the folds begin there.
        first_cut: The first such instant before which something lies.
        ends: When everything that is held is over.
    """

    def __init__(self) -> None:
        """Starts without students."""
        for name in _COLUMNS:
            setattr(self, name, np.empty(0, np.int64))

    changed: Ints
    due: Ints
    fold_from: Ints
    first_cut: Ints
    ends: Ints

    def grow(self, students: int) -> None:
        """Makes room for all students of the task."""
        more = students - len(self.changed)
        if more > 0:
            for name, value in zip(_COLUMNS, _INITIAL, strict=True):
                setattr(self, name, np.concatenate([getattr(self, name), np.full(more, value, np.int64)]))

    def note(self, student: Ints, time_ms: Ints) -> None:
        """Notes new events."""
        np.minimum.at(self.changed, student, time_ms)

    def students(self, low_ms: int) -> Ints:
        """Returns the students whose rows are to be made anew."""
        return np.flatnonzero((self.changed < NEVER) | (self.due <= low_ms))

    def since(self, students: Ints) -> Ints:
        """Returns from when on the marks of students are to be folded."""
        start = self.fold_from[students]
        return np.where(self.changed[students] > start, start, ORIGIN_MS)

    def done(self, students: Ints, since_ms: Ints, due_ms: Ints, split_points: SplitPoints) -> None:
        """Notes that the rows of students were made from `since_ms` on, and when they are due again."""
        partial = since_ms > ORIGIN_MS
        self.changed[students], self.due[students] = NEVER, due_ms
        last, first = since_ms.copy(), np.full(len(students), NEVER, np.int64)
        np.maximum.at(last, split_points.member, split_points.at_ms)
        np.minimum.at(first, split_points.member[~split_points.first], split_points.at_ms[~split_points.first])
        self.fold_from[students] = last
        self.first_cut[students] = np.where(partial, np.minimum(self.first_cut[students], first), first)
        self.ends[students] = split_points.end_ms

    def droppable(self, limit_ms: int) -> Ints:
        """Returns the students of whom something can be forgotten: all that no event after `limit_ms` can touch."""
        over = np.minimum(self.first_cut, self.ends) <= limit_ms
        return np.flatnonzero(over & (self.changed == NEVER))

    def dropped(self, students: Ints, cut_ms: Ints, split_points: SplitPoints) -> None:
        """Notes that what lies before an instant of each student is forgotten."""
        first = np.full(len(students), NEVER, np.int64)
        later = split_points.at_ms > cut_ms[split_points.member]
        np.minimum.at(first, split_points.member[later], split_points.at_ms[later])
        self.first_cut[students] = first
        gone = students[cut_ms >= self.ends[students]]
        for name in ("due", "first_cut", "ends"):
            getattr(self, name)[gone] = NEVER
        self.fold_from[gone] = ORIGIN_MS

    def state(self) -> dict[str, Any]:
        """Returns what a snapshot must hold."""
        return {name: getattr(self, name) for name in _COLUMNS}

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot."""
        for name in _COLUMNS:
            setattr(self, name, state[name].copy())
