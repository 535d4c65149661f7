"""The school: classes, students with their habits and devices, and which chapter each class has reached."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, product
from random import Random
from string import ascii_uppercase
from typing import Final

from simulation.curriculum import SUBJECTS, Chapter, chapters_of

# in this order, so that the smallest school is class 7A
GRADES: Final = ("7", "8", "9", "10", "6", "5", "11", "12")
CLASS_SIZE: Final = 28

# (type, os, browser, weight)
DEVICES: Final = (
    ("desktop", "Windows", "Chrome", 30),
    ("desktop", "Windows", "Edge", 12),
    ("desktop", "macOS", "Safari", 8),
    ("desktop", "ChromeOS", "Chrome", 15),
    ("desktop", "Linux", "Firefox", 5),
    ("mobile", "Android", "Chrome", 14),
    ("mobile", "iOS", "Safari", 10),
    ("tablet", "iPadOS", "Safari", 6),
)
COUNTRIES: Final = (("DE", 70), ("AT", 8), ("CH", 6), ("NL", 6), ("PL", 5), ("TR", 3), ("IN", 2))
FIRST_NAMES: Final = tuple(
    "Ada Ben Carla David Elif Finn Greta Hugo Ines Jonas Klara Leo Mia Noah Olga Paul Rosa Sami Tara Umut Vera "
    "Willi Yara Zoe Amir Bea Cem Dora Emil Frida".split()
)
LAST_NAMES: Final = tuple(
    "Arslan Becker Conrad Dietz Engel Fischer Gruber Hansen Ivanova Jung Keller Lang Meyer Novak Otto Peters "
    "Richter Schmid Thoma Ulrich Vogel Weber Yilmaz Zimmer".split()
)


@dataclass(frozen=True, slots=True)
class SchoolClass:
    """A class.

    Attributes:
        class_id: Such as `7A`.
        grade: Such as `7`.
        courses: Subject → the chapters of its course.
        reached: Subject → number of the chapter that the class has reached.
        students: Who is in it.
    """

    class_id: str
    grade: str
    courses: dict[str, list[Chapter]]
    reached: dict[str, int]
    students: list[Student]


@dataclass(frozen=True, slots=True)
class Student:
    """A student.

    Attributes:
        student_id: Unique within the school, such as `s00042`.
        name: A display name, for the roster only; no event carries it.
        diligence: 0 to 1: how seldom this student idles, leaves early or guesses.
        clock_ms: How far the device's clock is ahead.
        device: type, os and browser.
        country: Two letters.
        key: The record key.
        person: The JSON members that every event of this student carries.
    """

    student_id: str
    name: str
    diligence: float
    clock_ms: int
    device: tuple[str, str, str]
    country: str
    key: bytes
    person: str


@dataclass(frozen=True, slots=True)
class School:
    """Classes with their students; the same seed gives the same school."""

    classes: list[SchoolClass]
    seed: int

    @property
    def students(self) -> int:
        """How many students there are."""
        return sum(len(group.students) for group in self.classes)


def build_school(students: int = 600, seed: int = 7, *, fast_clocks: float = 0.0) -> School:
    """Returns a school of so many students.

    Args:
        students: At least 1; classes hold about 28.
        seed: Decides everything.
        fast_clocks: Share of students whose device runs half a minute to nearly five minutes ahead.
    """
    rng = Random(f"school/{seed}")  # noqa: S311 (no secret)
    classes: list[SchoolClass] = []
    numbers = count(1)
    left = students
    for letters, grade in _class_names():
        if left <= 0:
            break
        size = min(left, max(1, CLASS_SIZE + rng.randint(-3, 3)))
        # what would be left over is too small for a class of its own
        size = left if left - size < CLASS_SIZE // 4 else size
        courses = {subject: chapters_of(grade, subject, Random(f"{subject}/{grade}")) for subject in SUBJECTS}  # noqa: S311
        members: list[Student] = []
        class_id = f"{grade}{letters}"
        for _ in range(size):
            members.append(_student(next(numbers), class_id, grade, rng, fast_clocks))
        reached = {subject: rng.randint(2, 6) for subject in SUBJECTS}
        classes.append(SchoolClass(class_id, grade, courses, reached, members))
        left -= size
    return School(classes, seed)


def _class_names() -> list[tuple[str, str]]:
    letters = [*ascii_uppercase, *("".join(pair) for pair in product(ascii_uppercase, repeat=2))]
    return [(letter, grade) for letter in letters for grade in GRADES]


def _student(number: int, class_id: str, grade: str, rng: Random, fast_clocks: float) -> Student:
    device = rng.choices([entry[:3] for entry in DEVICES], [entry[3] for entry in DEVICES])[0]
    country = rng.choices([entry[0] for entry in COUNTRIES], [entry[1] for entry in COUNTRIES])[0]
    student_id = f"s{number:05d}"
    ahead_ms = rng.randrange(30_000, 290_000)
    kind, system, browser = device
    return Student(
        student_id=student_id,
        name=f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
        diligence=round(rng.betavariate(4, 2), 3),
        clock_ms=ahead_ms if rng.random() < fast_clocks else 0,
        device=device,
        country=country,
        key=student_id.encode(),
        person=(
            f'"student_id":"{student_id}","class_id":"{class_id}","grade":"{grade}",'
            f'"device":{{"type":"{kind}","os":"{system}","browser":"{browser}"}},"country_code":"{country}"'
        ),
    )
