"""What is taught: subjects, one course a subject and grade, chapters with lessons, videos and quizzes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

SUBJECTS: Final = {
    "MATH": ("Mathematics", "Fractions", "Decimals", "Equations", "Geometry", "Percentages", "Functions", "Data"),
    "SCI": ("Science", "Cells", "Forces", "Energy", "Matter", "Electricity", "Ecosystems", "Light"),
    "ENG": ("English", "Short stories", "Grammar", "Poetry", "Essays", "Drama", "Debate", "Novels"),
    "HIST": ("History", "Antiquity", "Middle Ages", "Discoveries", "Revolutions", "Industry", "Wars", "Today"),
    "GEO": ("Geography", "Maps", "Climate", "Rivers", "Cities", "Trade", "Population", "Oceans"),
    "CS": ("Computing", "Algorithms", "Loops", "Lists", "Functions", "Networks", "Databases", "Security"),
}


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter of a course.

    Attributes:
        chapter_id: Unique within the school, such as `math-7-ch3`.
        course_id: Its course, such as `math-7`.
        subject_id: Its subject, such as `MATH`.
        title: What it is about.
        number: Its place in the course, from 1.
        video_s: Length of its video, seconds.
        questions: How many questions its quiz asks.
        hard: 0 (easy) to 1 (hard): how often answers are wrong and how long pages take.
        place: The JSON members that every event in this chapter carries.
    """

    chapter_id: str
    course_id: str
    subject_id: str
    title: str
    number: int
    video_s: int
    questions: int
    hard: float
    place: str


def chapters_of(grade: str, subject_id: str, rng: Random) -> list[Chapter]:
    """Returns the chapters of a grade's course in a subject, in the order in which they are taught."""
    course_id = f"{subject_id.lower()}-{grade}"
    return [
        Chapter(
            chapter_id=f"{course_id}-ch{number}",
            course_id=course_id,
            subject_id=subject_id,
            title=title,
            number=number,
            video_s=rng.randrange(120, 600, 5),
            questions=rng.randint(4, 8),
            hard=round(rng.betavariate(2, 3), 2),
            place=(f'"subject_id":"{subject_id}","course_id":"{course_id}","chapter_id":"{course_id}-ch{number}"'),
        )
        for number, title in enumerate(SUBJECTS[subject_id][1:], 1)
    ]
