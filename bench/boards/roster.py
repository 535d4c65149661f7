"""The roster, timetable and items of the school as tables for COPY."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Final

import numpy as np
import polars as pl

from bench.boards.school import CHAPTERS, GRADES, LESSON_MINUTES, SUBJECTS, School, course_ids, minute_of
from simulation import curriculum
from simulation.timetable import LESSONS

WORDS: Final = curriculum.SUBJECTS["MATH"][1:]


def tables(school: School) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yields each table of the roster with its rows."""
    classes = school.class_ids()
    yield (
        "classes",
        pl.DataFrame(
            {"class_id": classes, "title": classes, "grade": [GRADES[n] for n in school.grade_of_class]}
        ).select("class_id", title="Class " + pl.col("title"), grade="grade"),
    )
    yield (
        "class_staff",
        pl.DataFrame({"class_id": classes}).select(
            "class_id",
            staff_id="p1_teacher_" + pl.int_range(pl.len()).cast(pl.String),
            channel=pl.lit("email"),
            address=pl.lit("teacher@localhost"),
        ),
    )
    yield (
        "terms",
        pl.DataFrame(
            {"term_id": ["now"], "starts": [school.term_starts], "ends": [school.term_starts + timedelta(91)]}
        ),
    )
    yield "periods", _periods(school)
    yield "enrolments", _enrolments(school)
    yield (
        "directory",
        pl.DataFrame({"student_id": school.student_ids()}).select(
            "student_id", display_name="Student " + pl.int_range(pl.len()).cast(pl.String)
        ),
    )
    yield "content_items", items(school)


def expected_seconds() -> pl.Series:
    """Returns how long a chapter should take, by course x chapter."""
    return pl.Series(np.random.default_rng(7).integers(240, 1500, len(course_ids()) * CHAPTERS))


def items(school: School) -> pl.DataFrame:
    """Returns each course's chapters, videos, modules and assignments in the order of the weeks."""
    begins = datetime.combine(school.term_starts, time(), UTC)
    expected = expected_seconds().to_list()
    rows: list[tuple[object, ...]] = []
    for course, course_id in enumerate(course_ids()):
        for week in range(CHAPTERS):
            opens, title = begins + timedelta(weeks=week), f"{WORDS[week]} ({course_id})"
            seconds = expected[course * CHAPTERS + week]
            rows += [
                (course_id, f"{course_id}-ch{week}", "chapter", title, 10 * week, seconds, opens, None, None),
                (course_id, f"{course_id}-v{week}", "video", f"{title}: video", 10 * week + 1, 400, opens, None, None),
                (course_id, f"{course_id}-m{week}", "module", f"{title}: quiz", 10 * week + 2, 600, opens, None, 70.0),
            ]
            if week % 2:
                due = opens + timedelta(days=11)
                rows.append(
                    (course_id, f"{course_id}-a{week}", "assignment", title, 10 * week + 3, 1800, opens, due, None)
                )
    names = "course_id item_id kind title position expected_seconds available_from due_at pass_mark"
    return pl.DataFrame(rows, orient="row", schema=names.split(), infer_schema_length=None)


def _periods(school: School) -> pl.DataFrame:
    """Returns six lessons on every weekday; each class has an order of its own."""
    rows = [
        (class_id, weekday, _clock(minute_of(lesson)), _clock(minute_of(lesson) + LESSON_MINUTES), SUBJECTS[subject])
        for class_id, subjects in zip(school.class_ids(), school.order.tolist(), strict=True)
        for weekday in range(1, 6)
        for lesson, subject in enumerate(subjects[:LESSONS])
    ]
    return pl.DataFrame(rows, orient="row", schema=["class_id", "weekday", "starts", "ends", "subject_id"])


def _enrolments(school: School) -> pl.DataFrame:
    """Returns every student in the six courses of the grade; one in fifty left one of them."""
    rng = school.rng(1)
    count = len(SUBJECTS)
    student = np.repeat(np.arange(school.students), count)
    subject = np.tile(np.arange(count), school.students)
    classes = school.class_of[student]
    begins = datetime.combine(school.term_starts, time(7), UTC)
    left = rng.random(len(student)) < 0.02 / count
    ids, courses, class_ids = pl.Series(school.student_ids()), pl.Series(course_ids()), pl.Series(school.class_ids())
    return pl.DataFrame(
        {
            "student_id": ids.gather(student),
            "course_id": courses.gather(school.grade_of_class[classes] * count + subject),
            "class_id": class_ids.gather(classes),
            "enrolled_at": np.full(len(student), 0),
            "left": left,
        }
    ).select(
        "student_id",
        "course_id",
        "class_id",
        enrolled_at=pl.lit(begins),
        left_at=pl.when("left").then(pl.lit(begins + timedelta(days=9))),
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
