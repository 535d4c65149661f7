"""From columns of numbers to the rows of tables."""

from __future__ import annotations

import numpy as np
import polars as pl

from dataflows.engagement.base import Base
from dataflows.engagement.spans import ScoreRows
from dataflows.operators import packing
from dataflows.operators.frames import TextColumn, times
from dataflows.operators.latest import Latest
from dataflows.operators.segments import Ints
from dataflows.operators.session import NO_TIME


def score_frame(rows: ScoreRows) -> pl.DataFrame:
    """Returns score rows with codes in place of texts, as they wait for the next write."""
    return pl.DataFrame(
        {
            "student": rows.member,
            "minute": rows.minute,
            "class_code": rows.class_code,
            "score": rows.scores.score,
            "recency": rows.scores.recency,
            "intensity": rows.scores.intensity,
            "duration": rows.scores.duration,
            "streak": rows.scores.streak,
        }
    )


def named_scores(parts: list[pl.DataFrame], ids: list[str], texts: TextColumn) -> pl.DataFrame:
    """Returns rows of `engagement_scores`."""
    if not parts:
        return pl.DataFrame()
    rows = pl.concat(parts)
    return pl.DataFrame(
        {
            "time": times(packing.minute_ms(rows["minute"].to_numpy())),
            "student_id": pl.Series(ids, dtype=pl.String).gather(rows["student"]),
            "class_id": texts.take(rows["class_code"].to_numpy()),
            **{name: rows[name] for name in ("score", "recency", "intensity", "duration", "streak")},
        }
    )


def day_frame(  # noqa: PLR0913
    student: Ints, day: Ints, values: Ints, class_code: Ints, ids: list[str], texts: TextColumn
) -> pl.DataFrame:
    """Returns rows of `student_days`."""
    if not len(student):
        return pl.DataFrame()
    return pl.DataFrame(
        {
            "day": pl.Series(day, dtype=pl.Int64).cast(pl.Int32).cast(pl.Date),
            "student_id": pl.Series(ids, dtype=pl.String).gather(student),
            "class_id": texts.take(class_code),
            "minutes_active": values[:, 0],
            "interactions": values[:, 1],
        }
    )


def class_day_frame(pair: Ints, classes: list[str], values: Ints, day_bits: int, ids: list[str]) -> pl.DataFrame:
    """Returns rows of `student_day_classes`; `pair` holds packed (student, day)."""
    if not len(pair):
        return pl.DataFrame()
    return pl.DataFrame(
        {
            "day": pl.Series(pair & ((1 << day_bits) - 1), dtype=pl.Int64).cast(pl.Int32).cast(pl.Date),
            "student_id": pl.Series(ids, dtype=pl.String).gather(pair >> day_bits),
            "class_id": pl.Series(classes, dtype=pl.String),
            "minutes_active": values[:, 0],
            "interactions": values[:, 1],
        }
    )


def state_frame(  # noqa: PLR0913
    task: int,
    students: Ints,
    ids: list[str],
    texts: TextColumn,
    sessions: TextColumn,
    live: Base,
    last: Latest,
    class_code: Ints,
    grade: Ints,
    session: Ints,
    until_ms: Ints,
    moments: Ints,
) -> pl.DataFrame:
    """Returns rows of `student_state`, one a student."""
    if not len(students):
        return pl.DataFrame()
    at = np.searchsorted(last.key, students)
    role, name, subject, course, chapter, device, browser = last.values[at].T
    seen = live.last_ms > NO_TIME
    weights_end = np.where(seen, live.last_ms // packing.MINUTE_MS * packing.MINUTE_MS, NO_TIME)
    return pl.DataFrame(
        {
            "student_id": pl.Series(ids, dtype=pl.String).gather(students),
            "task": np.full(len(students), task, np.int64),
            "role": texts.take(role),
            "class_id": texts.take(class_code),
            "grade": texts.take(grade),
            "subject_id": texts.take(subject),
            "course_id": texts.take(course),
            "chapter_id": texts.take(chapter),
            "last_event_at": times(last.time_ms[at]),
            "last_event_name": texts.take(name),
            "last_interaction_at": times(moments[:, 0]),
            "idle_at": times(moments[:, 1]),
            "session_end_at": times(moments[:, 2]),
            "playing_until": times(until_ms),
            "session_id": sessions.take(session),
            "weights": live.weights,
            "weights_end": times(weights_end),
            "session_start": times(live.start_ms),
            "session_minutes": live.session_minutes,
            "day_bits": live.day_bits,
            "last_day": pl.select(
                pl.when(pl.Series(seen)).then(pl.Series(live.last_day).cast(pl.Int32).cast(pl.Date))
            ).to_series(),
            "device": texts.take(device),
            "browser": texts.take(browser),
        }
    )
