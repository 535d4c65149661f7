"""Who counts: events of students, and the codes of a task's students in the order of first appearance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

import numpy as np
import polars as pl

from dataflows.operators.dictionary import Dictionary
from dataflows.operators.ordering import distinct
from dataflows.operators.segments import Bools, Ints

COUNTED_ROLE: Final = "student"


class OfStudents(Protocol):
    """Events with batch-local codes of their students."""

    student: Ints
    students: list[str]

    def __len__(self) -> int:
        """How many events."""
        ...


class Encoded(Protocol):
    """A batch that is given the ids of the task's students, by code."""

    student_ids: list[str]


B = TypeVar("B", bound=Encoded)


class EncodeStudents(Generic[B]):
    """Gives every student of the task a code, in the order of first appearance."""

    def __init__(self, events_of: Callable[[B], Sequence[OfStudents]]) -> None:
        """Starts without students.

        Args:
            events_of: Returns a batch's events, topic by topic.
        """
        self._events_of = events_of
        self._known: Dictionary[str] = Dictionary()

    def process(self, batch: B) -> B:
        """Replaces batch-local codes by the task's."""
        for events in self._events_of(batch):
            if len(events):
                # Only students who count get a code: staff and late ones would make it depend on the batch.
                used, at = distinct(events.student)
                codes = self._known.codes([events.students[c] for c in used.tolist()])
                events.student = codes[at]
        batch.student_ids = self._known.values
        return batch

    def state(self) -> list[str]:
        """Returns the student ids by code."""
        return self._known.values

    def restore(self, state: list[str]) -> None:
        """Continues from a snapshot's ids."""
        self._known = Dictionary(state)


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
