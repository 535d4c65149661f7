"""The timetable: six lessons of 45 minutes with breaks, a quiet afternoon and night; which class learns what when."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from simulation.curriculum import SUBJECTS
from simulation.school import School

MINUTE_MS: Final = 60_000
LESSON_MS: Final = 45 * MINUTE_MS
BREAK_MS: Final = 5 * MINUTE_MS
PERIOD_MS: Final = LESSON_MS + BREAK_MS
LESSONS: Final = 6
DAY_MS: Final = 24 * 60 * MINUTE_MS
# how lively it is, as a share of the lessons' rate
BREAK_SHARE: Final = 0.15
AFTERNOON_SHARE: Final = 0.3
NIGHT_SHARE: Final = 0.02
AFTERNOON_MS: Final = 14 * 60 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of the day.

    Attributes:
        number: From 0; it goes on counting over the days.
        starts_ms: Milliseconds since the simulation's start.
        ends_ms: Likewise.
        rate_share: How lively it is; 1 in a lesson.
        lesson: Whether whole classes learn together; else single students come and go.
    """

    number: int
    starts_ms: int
    ends_ms: int
    rate_share: float
    lesson: bool


def period_at(since_ms: int, *, flat: bool = False) -> Period:
    """Returns the period at a time since the simulation's start.

    Args:
        since_ms: Milliseconds since the start, where the first lesson begins.
        flat: Lessons without breaks, day and night, as a benchmark wants them.
    """
    if flat:
        number = since_ms // LESSON_MS
        return Period(number, number * LESSON_MS, (number + 1) * LESSON_MS, 1.0, True)
    day, within = divmod(since_ms, DAY_MS)
    base = day * DAY_MS
    number, rest = divmod(within, PERIOD_MS)
    first = day * (2 * LESSONS + 2)
    if number < LESSONS:
        starts = base + number * PERIOD_MS
        if rest < LESSON_MS:
            return Period(first + 2 * number, starts, starts + LESSON_MS, 1.0, True)
        return Period(first + 2 * number + 1, starts + LESSON_MS, starts + PERIOD_MS, BREAK_SHARE, False)
    school_ends = base + LESSONS * PERIOD_MS
    if within < AFTERNOON_MS:
        return Period(first + 2 * LESSONS, school_ends, base + AFTERNOON_MS, AFTERNOON_SHARE, False)
    return Period(first + 2 * LESSONS + 1, base + AFTERNOON_MS, base + DAY_MS, NIGHT_SHARE, False)


def subject_of(school: School, class_number: int, period: Period) -> str:
    """Returns what a class learns in a period; every class has its own order, the same every day."""
    order = list(SUBJECTS)
    Random(f"timetable/{school.seed}/{class_number}").shuffle(order)  # noqa: S311 (no secret)
    return order[(period.number // 2) % len(order)]
