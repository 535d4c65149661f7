"""Codes of a task's students, in the order of first appearance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from dataflows.operators.dictionary import Dictionary
from dataflows.operators.segments import Ints


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
