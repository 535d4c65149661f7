"""Numbers turned into ids and times as the tables have them, and written with COPY."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import polars as pl
import psycopg

from bench.boards.school import CHAPTERS, School, course_ids
from dataflows.operators.segments import Ints


@dataclass(frozen=True, slots=True)
class Names:
    """Ids by number; the expressions read the columns `student`, `course` and `week`.

    Attributes:
        school: Whose classes the students are in.
        students: Ids of students.
        classes: Ids of their classes, by student.
        courses: Ids of courses.
    """

    school: School
    students: pl.Series
    classes: pl.Series
    courses: pl.Series

    @classmethod
    def of(cls, school: School) -> Names:
        """Returns the ids of a school."""
        classes = pl.Series(school.class_ids()).gather(school.class_of)
        return cls(school, pl.Series(school.student_ids()), classes, pl.Series(course_ids()))

    def student(self, name: str = "student_id") -> pl.Expr:
        """Returns the student's id."""
        return pl.lit(self.students).gather(pl.col("student")).alias(name)

    def class_id(self) -> pl.Expr:
        """Returns the id of the student's class."""
        return pl.lit(self.classes).gather(pl.col("student")).alias("class_id")

    def course(self, name: str = "course_id") -> pl.Expr:
        """Returns the course's id."""
        return pl.lit(self.courses).gather(pl.col("course")).alias(name)

    def chapter(self, kind: str) -> pl.Expr:
        """Returns the id of the week's item of that kind (`ch`, `v`, `m`, `a`) in the course."""
        items = pl.Series([f"{course}-{kind}{week}" for course in self.courses for week in range(CHAPTERS)])
        return pl.lit(items).gather(pl.col("course") * CHAPTERS + pl.col("week"))


def at(name: str, milliseconds: str | pl.Expr) -> pl.Expr:
    """Returns epoch milliseconds as a time."""
    return pl.from_epoch(pl.col(milliseconds) if isinstance(milliseconds, str) else milliseconds, "ms").alias(name)


def ids(name: str, prefix: str) -> pl.Expr:
    """Returns an id a row, as long as a UUID and hard to compress; another prefix gives other ids."""
    row = pl.int_range(pl.len(), dtype=pl.UInt64)
    halves = [
        pl.concat_str(pl.lit(prefix), row).hash(seed).cast(pl.String).str.zfill(20).str.slice(3) for seed in (1, 2)
    ]
    return pl.concat_str(*halves, separator="-").alias(name)


def choose(rng: np.random.Generator, values: pl.Series, count: int) -> pl.Series:
    """Returns so many values, the first ones more often."""
    return values.gather(np.minimum(rng.geometric(0.55, count) - 1, len(values) - 1))


def pairs(first: int, second: int) -> tuple[Ints, Ints]:
    """Returns every pair of two ranges, the first one slower.

    Example:
        >>> [part.tolist() for part in pairs(2, 2)]
        [[0, 0, 1, 1], [0, 1, 0, 1]]
    """
    return np.repeat(np.arange(first), second), np.tile(np.arange(second), first)


def copy(connection: psycopg.Connection[tuple[object, ...]], table: str, frame: pl.DataFrame) -> int:
    """Writes a frame's rows into the columns of the same names and returns how many there are."""
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False, datetime_format="%Y-%m-%d %H:%M:%S%.3f+00")
    target = f"COPY {table} ({', '.join(frame.columns)}) FROM STDIN (FORMAT csv)"
    with connection.cursor() as cursor, cursor.copy(target.encode()) as writer:
        writer.write(buffer.getbuffer())
    return len(frame)
