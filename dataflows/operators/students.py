"""Who counts: events of students, and the codes of a task's students in the order of first appearance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
import polars as pl

from dataflows.operators.dictionary import Dictionary
from dataflows.operators.segments import Bools, Ints

COUNTED_ROLE: Final = "student"


class OfStudents(Protocol):
    """Events with batch-local codes of their students."""

    student: Ints
    students: list[str]

    def __len__(self) -> int:
        """How many events."""
        ...


class StudentCodes:
    """Gives every student of the task a code.

    Attributes:
        ids: Student ids by code.
    """

    def __init__(self, ids: list[str] | None = None) -> None:
        """Starts from the ids of a snapshot, or from none."""
        self._known: Dictionary[str] = Dictionary(ids or ())

    @property
    def ids(self) -> list[str]:
        """Student ids by code."""
        return self._known.values

    def encode(self, topics: Sequence[OfStudents]) -> None:
        """Replaces batch-local codes by the task's, topic by topic."""
        for events in topics:
            if len(events):
                # Only students who count get a code: staff and late ones would make it depend on the batch.
                used, at = np.unique(events.student, return_inverse=True)
                codes = self._known.codes([events.students[c] for c in used.tolist()])
                events.student = codes[at]


def of_students(frame: pl.DataFrame, acts: list[Any], code: str) -> Bools:
    """Returns which rows are events of students: only they count, but everybody's records move the watermark.

    Args:
        frame: A decoded frame.
        acts: What was done, by code; its first part is the role.
        code: The frame's column of these codes.
    """
    if not acts:
        return np.zeros(len(frame), np.bool_)
    counted = np.array([act[0] == COUNTED_ROLE for act in acts], np.bool_)
    found: Bools = counted[frame[code].to_numpy()] & ~frame["is_tick"].to_numpy()
    return found
