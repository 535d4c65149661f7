"""Milestones: starts, completions, submissions and enrolments, facts that stand whenever they came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from dataflows.content.columns import Events
from dataflows.events.studied import Number
from dataflows.operators.frames import times, uuids
from dataflows.operators.segments import Ints

KINDS: Final = frozenset(
    {
        "lesson_start",
        "lesson_complete",
        "course_enroll",
        "course_unenroll",
        "course_complete",
        "assignment_start",
        "assignment_submit",
        "forum_post",
        "login",
        "quiz_start",
        "quiz_submit",
    }
)
"""The events that are milestones; the name is the kind."""


class Milestones:
    """The rows of `milestones` that wait for the next write.

    Late events count like all others. Repeats are left to the sink, which knows for as long as a fact is kept which
    record told it first (`dataflows.sink.facts`).
    """

    def __init__(self) -> None:
        """Starts without rows."""
        self._rows: list[pl.DataFrame] = []

    def add(self, events: Events, students: Sequence[str]) -> None:
        """Takes events, late ones too; `students`: the ids that `events.student` speaks of."""
        rows = milestone_rows(events, students)
        if len(rows):
            self._rows.append(rows)

    def rows(self) -> pl.DataFrame:
        """Returns the rows since the last call."""
        rows, self._rows = self._rows, []
        return pl.concat(rows) if rows else _NONE

    def state(self) -> list[pl.DataFrame]:
        """Returns what a snapshot must hold."""
        return self._rows

    def restore(self, state: list[pl.DataFrame]) -> None:
        """Continues from a snapshot's rows."""
        self._rows = list(state)


_NONE: Final = pl.DataFrame()


def milestone_rows(events: Events, students: Sequence[str]) -> pl.DataFrame:
    """Returns rows of `milestones`: one an event that is one, in the order of the log.

    Args:
        events: Accepted events of students.
        students: The ids that `events.student` speaks of.
    """
    action_is = np.array([action.event_name in KINDS for action in events.actions], np.bool_)
    at = np.flatnonzero(action_is[events.action]) if len(events) else events.action
    if not len(at):
        return _NONE
    location, item = events.location[at], events.item[at]
    lesson = _texts([place.lesson_id for place in events.places], location)
    assessment = _texts([item.assessment_id for item in events.items], item)
    return pl.DataFrame(
        {
            "event_time": times(events.event_ms[at]),
            "event_id": uuids(events.hi[at], events.lo[at]),
            "student_id": _texts(students, events.student[at]),
            "class_id": _texts([place.class_id for place in events.places], location),
            "course_id": _texts([place.course_id for place in events.places], location),
            "chapter_id": _texts([place.chapter_id for place in events.places], location),
            "kind": _texts([action.event_name for action in events.actions], events.action[at]),
            "item_id": pl.select(pl.coalesce(lesson, assessment)).to_series(),
            "price": _number(events, at, Number.PRICE),
            "score": _number(events, at, Number.SCORE),
            "place": events.placed[at],
        }
    )


def _texts(values: Sequence[str | None], codes: Ints) -> pl.Series:
    """Returns the texts of codes; only those that are spoken of become a column, the list may be long."""
    used, at = np.unique(codes, return_inverse=True)
    return pl.Series([values[code] for code in used.tolist()], dtype=pl.String).gather(at)


def _number(events: Events, at: Ints, which: Number) -> pl.Series:
    return pl.Series(events.number(which)[at], dtype=pl.Float64, nan_to_null=True)
