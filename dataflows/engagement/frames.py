"""From columns of numbers to the rows of tables."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from dataflows.engagement.base import Base
from dataflows.engagement.spans import ScoreRows
from dataflows.operators import packing
from dataflows.operators.dedupe import Ids
from dataflows.operators.latest import Latest
from dataflows.operators.segments import Ints
from dataflows.operators.session import NO_TIME

_DIGITS: Final = [i for i in range(36) if i not in {8, 13, 18, 23}]
"""Where the digits of an id's canonical text lie."""


class TextColumn:
    """A dictionary as a column: codes in, texts out; -1 is null."""

    def __init__(self, values: list[str | None]) -> None:
        """Takes the values in the order of their codes."""
        self._values = pl.Series([*values, None], dtype=pl.String)

    def take(self, codes: Ints) -> pl.Series:
        """Returns the texts of `codes`."""
        return self._values.gather(np.where(codes < 0, len(self._values) - 1, codes))


def times(values: Ints) -> pl.Series:
    """Returns epoch milliseconds as a `Datetime("ms")` column; `NO_TIME` is null."""
    series = pl.Series(values, dtype=pl.Int64)
    return pl.select(pl.when(series > NO_TIME).then(series).cast(pl.Datetime("ms"))).to_series()


def uuids(hi: Ids, lo: Ids) -> pl.Series:
    """Returns event ids as canonical text."""
    digits = np.stack([hi, lo], axis=1).astype(">u8").tobytes().hex().encode()
    text = np.full((len(hi), 36), ord("-"), np.uint8)
    text[:, _DIGITS] = np.frombuffer(digits, np.uint8).reshape(-1, 32)
    whole = text.tobytes().decode()
    return pl.Series([whole[at : at + 36] for at in range(0, len(whole), 36)], dtype=pl.String)


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
