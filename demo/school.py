"""The demo's school: as many students as make the rate at a natural pace, in classes of different moods."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Final

from simulation.school import School, build_school

SEED: Final = 7
NATURAL_S: Final = 9.5  # between two events of a student who is online
PRESENT: Final = 0.93
STUDENTS_MIN: Final = 60
FAST_CLOCKS: Final = 0.002
MOODS: Final = (-0.8, -0.4, -0.2, -0.1, 0.0, 0.0, 0.1, 0.2)  # what a bad or a good day does to diligence


def school_for(rate: float) -> School:
    """Returns a school that makes about `rate` events a second when all its classes learn.

    A class's mood moves the diligence of all in it: some classes idle away, and the view has something to show.
    """
    school = build_school(max(STUDENTS_MIN, round(rate * NATURAL_S / PRESENT)), SEED, fast_clocks=FAST_CLOCKS)
    rng = Random(f"moods/{SEED}")  # noqa: S311 (no secret)
    for group in school.classes:
        mood = rng.choice(MOODS)
        group.students[:] = [
            replace(student, diligence=round(min(0.98, max(0.02, student.diligence + mood)), 3))
            for student in group.students
        ]
    return school
