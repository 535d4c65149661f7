"""Rows of `chapter_visit_facts`."""

from __future__ import annotations

import numpy as np
import polars as pl

from dataflows.engage.frames import TextColumn, times, uuids
from dataflows.operators.segments import Ints
from dataflows.study.marks import NONE
from dataflows.study.visits import Visits


def visit_rows(visits: Visits, students: Ints, ids: list[str], texts: TextColumn, task: int) -> pl.DataFrame:
    """Returns visits as rows.

    Args:
        visits: As they were folded.
        students: The task's code of each member, shape (members,).
        ids: Student ids by the task's code.
        texts: The task's texts: chapters, courses, classes.
        task: The task.

    Returns:
        One row a visit, in the order of the visits: start_time and end_time as `Datetime("ms")`, event_id as
        canonical text, seconds as exact thousandths, scroll_depth in per cent.
    """
    if not len(visits):
        return pl.DataFrame()
    scroll = pl.Series(visits.scroll)
    return pl.DataFrame(
        {
            "start_time": times(visits.start_ms),
            "event_id": uuids(visits.hi, visits.lo),
            "student_id": pl.Series(ids, dtype=pl.String).gather(students[visits.member]),
            "course_id": texts.take(visits.course),
            "chapter_id": texts.take(visits.chapter),
            "class_id": texts.take(visits.klass),
            "end_time": times(visits.end_ms),
            "time_spent_seconds": visits.spent_ms / 1000,
            "raw_seconds": visits.raw_ms / 1000,
            "scroll_depth": pl.select(pl.when(scroll != NONE).then(scroll / 10)).to_series(),
            "idle_capped": visits.capped,
            "source": pl.select(
                pl.when(pl.Series(visits.is_view)).then(pl.lit("view")).otherwise(pl.lit("clickstream"))
            ).to_series(),
            "task": np.full(len(visits), task, np.int64),
        }
    )
