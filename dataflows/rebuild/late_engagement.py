"""What late events add to `engagement`: their minutes in `activity_windows`, and their students' `student_days`.

Scores and states stay as they were: a score says what was known when its minute became final, a state is of now.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
import psycopg
from psycopg import sql

from dataflows.engagement.steps import TRAILING_MINUTES
from dataflows.events.coded import Coded
from dataflows.operators import packing
from dataflows.operators.segments import Bools, Ints
from dataflows.operators.students import of_students
from dataflows.operators.watermark import is_late
from dataflows.rebuild.admit import Found, Judge
from dataflows.rebuild.touched import LATE, LateFlow, at, ms, note_rows, one_of, within
from dataflows.settings import Settings


def judge(settings: Settings) -> Judge:
    """Returns what says which decoded events of students are late."""

    def late(coded: Coded, before: Ints) -> Bools:
        end_ms = (coded.frame["event_ms"].to_numpy() // packing.MINUTE_MS + 1) * packing.MINUTE_MS
        found: Bools = of_students(coded.frame, coded.acts, "act") & is_late(before, end_ms, settings.lateness_s * 1000)
        return found

    return late


class EngagementDay:
    """What the late events of a day touch: the windows that hold them or look back on them, and their students' day."""

    tables = ("activity_windows", "student_days", "student_day_classes")

    def __init__(self, settings: Settings, day: date, since: datetime, until: datetime) -> None:
        """`since` and `until`: when the day begins and ends."""
        self._settings, self._day, self._since, self._until = settings, day, since, until
        self._students: set[str] = set()
        self._windows: set[tuple[int, int]] = set()

    def take(self, found: list[Found]) -> None:
        """Takes the day's late events that are new."""
        for one in found:
            rows = one.frame.filter(one.new)
            self._students |= {one.decoded.students[code] for code in rows["student"].unique()}
            minutes = np.unique(rows["event_ms"].to_numpy() // packing.MINUTE_MS)
            self._windows |= {
                (one.task, minute) for first in minutes.tolist() for minute in range(first, first + TRAILING_MINUTES)
            }

    def reading(self) -> sql.Composable:
        """Returns the condition of all events of the touched minutes, and of the touched students on that day."""
        minutes = {minute - back for _task, minute in self._windows for back in range(TRAILING_MINUTES)}
        margin = timedelta(minutes=TRAILING_MINUTES)
        return within(self._since - margin, self._until + margin) + sql.SQL(
            " AND ({minutes} OR {students} AND event_time >= {since} AND event_time < {until})"
        ).format(
            minutes=one_of(
                "date_trunc('minute', event_time)", [at(minute * packing.MINUTE_MS) for minute in sorted(minutes)]
            ),
            students=one_of("student_id", sorted(self._students)),
            since=sql.Literal(self._since),
            until=sql.Literal(self._until),
        )

    def reached(self, found: list[Found]) -> dict[int, int] | None:  # noqa: ARG002
        """Returns when the day and the minutes that look back on it are over, for every touched task."""
        settled_ms = ms(self._until) + (2 * TRAILING_MINUTES * 60 + self._settings.lateness_s) * 1000
        return {task: settled_ms for task, _minute in self._windows}

    def note(self, connection: psycopg.Connection[Any]) -> None:
        """Notes the touched windows and students."""
        windows = [(task, at(minute * packing.MINUTE_MS)) for task, minute in sorted(self._windows)]
        note_rows(connection, "windows", {"of_task": "bigint", "of_minute": "timestamptz"}, windows)
        note_rows(connection, "students", {"who": "text"}, [(who,) for who in sorted(self._students)])

    def replaced(self, table: str) -> sql.Composable:
        """Returns the condition of the rows that are replaced."""
        if table != "activity_windows":
            return sql.SQL("day = {} AND student_id IN (SELECT who FROM {})").format(
                sql.Literal(self._day), sql.Identifier(LATE, "students")
            )
        minutes = [minute for _task, minute in self._windows]
        return sql.SQL(
            "window_start >= {} AND window_start <= {} AND (task, window_start) IN (SELECT of_task, of_minute FROM {})"
        ).format(
            sql.Literal(at(min(minutes) * packing.MINUTE_MS)),
            sql.Literal(at(max(minutes) * packing.MINUTE_MS)),
            sql.Identifier(LATE, "windows"),
        )


ENGAGEMENT_LATE: Final = LateFlow(lambda settings: settings.lateness_s, judge, EngagementDay)
