"""A school of 20,000 students as arrays: who is in which class, what is taught when; the same for a seed.

What is taught, and how long a lesson is, are those of the simulated school. That school makes events, one student's
acts after the other; a month of these would be a thousand million events and days of work. Here the rows that the flows
would leave of them are drawn at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from dataflows.operators.segments import Ints
from simulation import curriculum
from simulation.timetable import LESSON_MS, MINUTE_MS, PERIOD_MS

NOW: Final = datetime(2026, 3, 26, 11, 5, 20, tzinfo=UTC)
"""A Thursday, 35 minutes into the fourth lesson: the database's clock stands there."""

STUDENTS: Final = 20_000
CLASS_SIZE: Final = 28.5
GRADES: Final = tuple(str(grade) for grade in range(5, 13))
SUBJECTS: Final = tuple(curriculum.SUBJECTS)
CHAPTERS: Final = len(curriculum.SUBJECTS["MATH"]) - 1
LESSON_MINUTES: Final = LESSON_MS // MINUTE_MS
FIRST_LESSON: Final = 8 * 60
PERIOD_MINUTES: Final = PERIOD_MS // MINUTE_MS
TASKS: Final = 4


@dataclass(frozen=True)
class School:
    """How large everything is, and who is where.

    Attributes:
        scale: 1 = 20,000 students in 700 classes of eight grades.
        days: Days until and with today.
        seed: Draws everything that is not settled.
    """

    scale: float = 1.0
    days: int = 30
    seed: int = 1
    class_of: Ints = field(init=False)
    grade_of_class: Ints = field(init=False)
    order: Ints = field(init=False)

    def __post_init__(self) -> None:
        """Deals students out to classes, classes to grades, and lessons to classes."""
        rng = np.random.default_rng(self.seed)
        object.__setattr__(self, "class_of", np.arange(self.students) * self.classes // self.students)
        object.__setattr__(self, "grade_of_class", np.arange(self.classes) * len(GRADES) // self.classes)
        lessons = np.tile(np.arange(len(SUBJECTS)), (self.classes, 1))
        object.__setattr__(self, "order", rng.permuted(lessons, axis=1))

    @property
    def students(self) -> int:
        """Students, all of them enrolled."""
        return max(round(STUDENTS * self.scale), 60)

    @property
    def classes(self) -> int:
        """Classes of about 28 students."""
        return max(round(self.students / CLASS_SIZE), len(GRADES))

    @property
    def first_day(self) -> date:
        """The first day that has rows."""
        return NOW.date() - timedelta(days=self.days - 1)

    @property
    def term_starts(self) -> date:
        """The Monday on which the term began: before the first day."""
        return self.first_day - timedelta(days=self.first_day.weekday())

    def dates(self) -> list[date]:
        """Returns the days, today last."""
        return [self.first_day + timedelta(days=number) for number in range(self.days)]

    def rng(self, *words: int) -> np.random.Generator:
        """Returns a generator of its own for a part of the data."""
        return np.random.default_rng([self.seed, *words])

    def class_ids(self) -> list[str]:
        """Returns the classes' ids."""
        return [f"{GRADES[grade]}-{number:03}" for number, grade in enumerate(self.grade_of_class)]

    def student_ids(self) -> list[str]:
        """Returns the students' ids, as long as pseudonyms are."""
        return [f"p1_{number:032x}" for number in range(self.students)]

    def week(self, day: date) -> int:
        """Returns the week of the term, from 0: its chapter is taught then."""
        return min((day - self.term_starts).days // 7, CHAPTERS - 1)


def course_ids() -> list[str]:
    """Returns the courses' ids: number = grade x subjects + subject.

    Example:
        >>> course_ids()[7]
        'sci-6'
    """
    return [f"{subject.lower()}-{grade}" for grade in GRADES for subject in SUBJECTS]


def minute_of(lesson: int) -> int:
    """Returns the minute of the day at which a lesson begins.

    Example:
        >>> minute_of(1)
        530
    """
    return FIRST_LESSON + lesson * PERIOD_MINUTES
