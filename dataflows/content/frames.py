"""From what the folds found to the rows of `sessions_open`, `sessions_closed` and `chapter_visit_facts`."""

from __future__ import annotations

import uuid

import numpy as np
import polars as pl

from dataflows.content.marks import NONE
from dataflows.content.sessions import Sessions
from dataflows.content.visits import Visits
from dataflows.operators.frames import TextColumn, times, uuids
from dataflows.operators.segments import Ints


def session_ids(sessions: Sessions, some: Ints, students: list[str], ids: list[str]) -> pl.Series:
    """Returns the id of some sessions, null for the others, by index: the first that was sent, else one made up.

    Args:
        sessions: All sessions.
        some: Which are wanted.
        students: Student ids by member.
        ids: Session ids by code.
    """
    out: list[str | None] = [None] * len(sessions)
    codes, member = sessions.session[some].tolist(), sessions.member[some].tolist()
    for at, code, who, start_ms in zip(some.tolist(), codes, member, sessions.start_ms[some].tolist(), strict=True):
        out[at] = ids[code] if code != NONE else made_up_id(students[who], start_ms)
    return pl.Series(out, dtype=pl.String)


def made_up_id(student_id: str, start_ms: int) -> str:
    """Returns the id of a session that carries none.

    Example:
        >>> made_up_id("p1_ada", 1760000000000)
        '24e434d5-8fc9-596b-b410-3588208750ad'
    """
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{student_id}|{start_ms}"))


def session_rows(  # noqa: PLR0913
    sessions: Sessions, some: Ints, ids: pl.Series, students: pl.Series, texts: TextColumn, task: int
) -> pl.DataFrame:
    """Returns rows of sessions, the same columns for both tables.

    Args:
        sessions: All sessions.
        some: Which of them.
        ids: Their ids by index.
        students: Student ids by member.
        texts: The task's texts.
        task: The task.
    """
    start_ms, end_ms = sessions.start_ms[some], sessions.end_ms[some]
    return pl.DataFrame(
        {
            "session_start": times(start_ms),
            "student_id": students.gather(sessions.member[some]),
            "session_id": ids.gather(some),
            "class_id": texts.take(sessions.class_code[some]),
            "session_end": times(end_ms),
            "duration_seconds": (end_ms - start_ms) / 1000,
            "events": sessions.events[some],
            "pages": sessions.pages[some],
            "is_bounce": sessions.is_bounce[some],
            "device_type": texts.take(sessions.device[some]),
            "browser": texts.take(sessions.browser[some]),
            "country_code": texts.take(sessions.country[some]),
            "task": np.full(len(some), task, np.int64),
        }
    )


def visit_rows(visits: Visits, students: pl.Series, texts: TextColumn, task: int) -> pl.DataFrame:
    """Returns rows of `chapter_visit_facts`."""
    scroll = pl.Series(visits.scroll, dtype=pl.Int64)
    return pl.DataFrame(
        {
            "start_time": times(visits.start_ms),
            "event_id": uuids(visits.hi, visits.lo),
            "student_id": students.gather(visits.member),
            "course_id": texts.take(visits.course),
            "chapter_id": texts.take(visits.chapter),
            "class_id": texts.take(visits.class_code),
            "end_time": times(visits.end_ms),
            "time_spent_seconds": visits.spent_ms / 1000,
            "raw_seconds": visits.raw_ms / 1000,
            "scroll_depth": pl.select(pl.when(scroll != NONE).then(scroll / 10)).to_series(),
            "idle_capped": visits.capped,
            "source": pl.select(
                pl.when(pl.Series(visits.is_view)).then(pl.lit("view")).otherwise(pl.lit("clickstream"))
            )
            .to_series()
            .cast(pl.String),
            "place": pl.select(pl.when(pl.Series(visits.is_view)).then(pl.Series(visits.placed))).to_series(),
            "task": np.full(len(visits), task, np.int64),
        }
    )


def since_rows(students: pl.Series, since_ms: Ints) -> pl.DataFrame:
    """Returns stretches of time that rows fill: of each student, from an instant on."""
    return pl.DataFrame({"student_id": students, "since": times(since_ms)})
