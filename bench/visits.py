"""A school's chapter visits as rows for COPY: who visits what, how long and how far; the same for a seed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl
import psycopg

from dataflows.operators.segments import Ints

FIRST_DAY: Final = datetime(2026, 2, 23, tzinfo=UTC)
VISITS_A_DAY: Final = 5_000_000
STUDENTS: Final = 100_000
COURSES: Final = 1000
CHAPTERS: Final = 20
COURSES_A_STUDENT: Final = 6
SHARES_BY_HOUR: Final = np.array([1, 0, 0, 0, 0, 1, 3, 8, 14, 15, 13, 14, 11, 10, 11, 9, 8, 9, 9, 10, 9, 7, 4, 2])
BATCH: Final = 250_000
COLUMNS: Final = (
    "start_time, event_id, student_id, course_id, chapter_id, class_id, end_time, time_spent_seconds, raw_seconds,"
    " scroll_depth, idle_capped, source, task"
)


@dataclass(frozen=True, slots=True)
class School:
    """How large everything is.

    Attributes:
        scale: 1 = 100,000 students in 1,000 courses of 20 chapters with five million visits a day.
        days: Days of visits, from `FIRST_DAY` on.
    """

    scale: float
    days: int

    @property
    def students(self) -> int:
        """Students, each of six courses."""
        return max(round(STUDENTS * self.scale), 100)

    @property
    def courses(self) -> int:
        """Courses of twenty chapters each."""
        return max(round(COURSES * self.scale), 10)

    @property
    def visits_a_day(self) -> int:
        """Visits of one day."""
        return max(round(VISITS_A_DAY * self.scale), 1000)

    @property
    def end(self) -> datetime:
        """The midnight after the last day."""
        return FIRST_DAY + timedelta(days=self.days)


def chapter_id(course: str, chapter: int) -> str:
    """Returns the id of a course's chapter.

    Example:
        >>> chapter_id("c0001", 7)
        'c0001-07'
    """
    return f"{course}-{chapter:02}"


def load_items(connection: psycopg.Connection[tuple[object, ...]], school: School) -> None:
    """Writes the school's items with COPY."""
    frame = items(expected_seconds(school))
    _copy(connection, "content_items (course_id, item_id, kind, title, position, expected_seconds)", frame)


def load_visits(connection: psycopg.Connection[tuple[object, ...]], school: School, seed: int = 1) -> Iterator[int]:
    """Writes the school's visits with COPY and yields how many were written so far."""
    expected = expected_seconds(school)
    done = 0
    indexes = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'chapter_visit_facts' AND indexname !~ 'pkey$'"
    ).fetchall()
    for name, _ in indexes:  # sorting at the end is quicker than finding a place for each row
        connection.execute(f"DROP INDEX {name}".encode())
    for day in range(school.days):
        for frame in visits(school, expected, day, seed):
            _copy(connection, f"chapter_visit_facts ({COLUMNS})", frame)
            done += len(frame)
            yield done
    for _, definition in indexes:
        connection.execute(str(definition).encode())


def expected_seconds(school: School) -> Ints:
    """Returns how long each chapter should take: courses x chapters."""
    return np.random.default_rng(school.courses).integers(120, 900, (school.courses, CHAPTERS))


def items(expected: Ints) -> pl.DataFrame:
    """Returns the courses' chapters (course_id, item_id, kind, title, position, expected_seconds)."""
    rows = [
        (
            f"c{course:04}",
            chapter_id(f"c{course:04}", chapter),
            "chapter",
            f"Chapter {chapter + 1}",
            chapter + 1,
            seconds,
        )
        for course, line in enumerate(expected.tolist())
        for chapter, seconds in enumerate(line)
    ]
    return pl.DataFrame(rows, orient="row", schema=["course_id", "item_id", "kind", "title", "position", "seconds"])


def visits(school: School, expected: Ints, day: int, seed: int) -> Iterator[pl.DataFrame]:
    """Yields one day's visits in batches, in the order of their start."""
    rng = np.random.default_rng([seed, day])
    hours = rng.multinomial(school.visits_a_day, SHARES_BY_HOUR / SHARES_BY_HOUR.sum())
    starts = np.concatenate(
        [np.sort(rng.integers(hour * 3_600_000, (hour + 1) * 3_600_000, count)) for hour, count in enumerate(hours)]
    )
    for first in range(0, len(starts), BATCH):
        yield _batch(rng, school, expected, day, starts[first : first + BATCH])


def _batch(rng: np.random.Generator, school: School, expected: Ints, day: int, starts: Ints) -> pl.DataFrame:
    count = len(starts)
    student = rng.integers(0, school.students, count)
    course = (student * 7 + rng.integers(0, COURSES_A_STUDENT, count) * 13) % school.courses
    chapter = np.minimum(rng.geometric(0.12, count) - 1, CHAPTERS - 1)
    raw_ms = np.round(1000 * expected[course, chapter] * rng.lognormal(-0.6, 0.9, count)).astype(np.int64)
    spent_ms = np.minimum(raw_ms, 14_400_000)
    scroll = np.minimum(np.round(100 * rng.beta(2, 1.2, count) + 5), 100)
    start_ms = round(FIRST_DAY.timestamp() * 1000) + day * 86_400_000 + starts
    words = rng.integers(0, 2**63, (2, count)).astype(np.uint64)
    return pl.DataFrame(
        {
            "start": start_ms,
            "high": words[0],
            "low": words[1],
            "student": student,
            "course": course,
            "chapter": chapter,
            "end": start_ms + raw_ms,
            "spent": spent_ms / 1000,
            "raw": raw_ms / 1000,
            "scroll": scroll,
        }
    ).select(
        start_time=pl.from_epoch("start", "ms"),
        event_id=_half("high") + "-" + _half("low"),
        student_id="p1_student_" + pl.col("student").cast(pl.String).str.zfill(7),
        course_id=_course(),
        chapter_id=_course() + "-" + pl.col("chapter").cast(pl.String).str.zfill(2),
        class_id="class-" + (pl.col("student") // 25).cast(pl.String),
        end_time=pl.from_epoch("end", "ms"),
        spent="spent",
        raw="raw",
        scroll="scroll",
        idle_capped=pl.col("raw") > pl.col("spent"),
        source=pl.lit("view"),
        task=pl.col("student") % 4,
    )


def _course() -> pl.Expr:
    return "c" + pl.col("course").cast(pl.String).str.zfill(4)


def _half(name: str) -> pl.Expr:
    """Returns half an id as long as a UUID and as hard to compress."""
    return pl.col(name).cast(pl.String).str.zfill(19).str.slice(0, 17)


def _copy(connection: psycopg.Connection[tuple[object, ...]], target: str, frame: pl.DataFrame) -> None:
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False, datetime_format="%Y-%m-%d %H:%M:%S%.3f+00")
    with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN (FORMAT csv)".encode()) as copy:
        copy.write(buffer.getbuffer())
