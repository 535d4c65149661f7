"""Quizzes as an archive: a simulated school, of which it is known what was taught badly, and OULAD's assignments."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
import polars as pl

from bench.forgetting.logs import PRESENTATION, submissions
from dataflows.kafka.topics import CLICKSTREAM
from dataflows.scores.calibration import SHIPPED
from dataflows.scores.forgetting import DAY_MS, MODELS
from simulation.platform import Sent

GRADES: Final = 4
CLASSES: Final = 6
STUDENTS: Final = 26
WEEKS: Final = 8
BADLY: Final = 1 / 12
BADLY_POINTS: Final = 25.0
"""One module of a class in twelve is taught so badly that it costs each student so many points."""
REVISES: Final = 0.5
"""Share of the reviews that fall due and are made, within two days."""
MODEL: Final = "ebbinghaus"

COURSES: Final = ("AAA", "EEE", "GGG")
"""Those of OULAD with the fewest students: a day of the whole takes long."""
BEGINS: Final = {
    "2013B": date(2013, 2, 1),
    "2013J": date(2013, 10, 1),
    "2014B": date(2014, 2, 1),
    "2014J": date(2014, 10, 1),
}
"""The months in which presentations begin (Kuzilek et al. 2017); the day is not published."""

_SPACE: Final = uuid.UUID(int=33)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Quizzes:
    """Quizzes of classes.

    Attributes:
        sent: The quizzes in order, as a platform sends them.
        roster: Rows of the roster's tables.
        badly: (class, module) that were taught badly, where that is known.
    """

    sent: list[Sent]
    roster: dict[str, list[Row]]
    badly: set[tuple[str, str]]


def simulated(first: date, seed: int) -> Quizzes:
    """Returns eight weeks of a school: a module a grade and week, its quiz on Friday, revision as it falls due.

    Who takes it again passes with the chance that the shipped calibration tells.
    """
    rng = Random(f"quizzes/{seed}")  # noqa: S311 (no secret)
    classes = [f"{grade}{'ABCDEF'[n]}" for grade in range(5, 5 + GRADES) for n in range(CLASSES)]
    sent: list[Sent] = []
    badly: set[tuple[str, str]] = set()
    for class_id in classes:
        able = [rng.gauss(76, 9) for _ in range(STUDENTS)]
        for week in range(WEEKS):
            module = f"{class_id[0]}-m{week + 1}"
            if rng.random() < BADLY:
                badly.add((class_id, module))
            less = BADLY_POINTS * ((class_id, module) in badly)
            day = datetime.combine(first + timedelta(days=7 * week + 4), time(10), UTC)
            for n, mean in enumerate(able):
                score = float(round(min(100, max(0, rng.gauss(mean - less, 10)))))
                at_ms = round(day.timestamp() * 1000) + rng.randrange(3_000_000)
                sent += _history(f"{class_id}-{n:02}", class_id, module, at_ms, score, rng, first)
    sent.sort(key=lambda one: one[1][0])
    return Quizzes(sent, _roster({f"{c}-{n:02}": c for c in classes for n in range(STUDENTS)}, first), badly)


def _history(  # noqa: PLR0913, PLR0917
    student: str, class_id: str, module: str, at_ms: int, score: float, rng: Random, first: date
) -> Iterator[Sent]:
    """Yields a student's quizzes of a module until the eight weeks are over."""
    model, reading = MODELS[MODEL], SHIPPED[MODEL]
    ends_ms = round(datetime.combine(first + timedelta(weeks=WEEKS), time(), UTC).timestamp() * 1000)
    memory = model.first(np.array([score]))
    while at_ms < ends_ms:
        yield _sent(student, class_id, module, at_ms, score)
        if rng.random() > REVISES:
            return
        elapsed_ms = round((float(memory.interval_days[0]) + 2 * rng.random()) * DAY_MS)
        kept = model.retention(memory.stability, memory.decay_factor, np.array([elapsed_ms / DAY_MS]))
        passes = rng.random() < float(reading.chance(kept, np.array([score]), np.array([70.0]))[0])
        score = float(rng.randint(70, 100) if passes else rng.randint(30, 69))
        memory, at_ms = model.next(memory, np.array([score]), np.array([elapsed_ms])), at_ms + elapsed_ms


def oulad(folder: Path) -> Quizzes:
    """Returns the assignments of three of OULAD's courses; a presentation is a class, a kind of assignment a module."""
    rows = submissions(folder).filter(pl.col("code_module").is_in(COURSES))
    rows = rows.sort("date_submitted", "id_assessment", "id_student")
    sent, members = list[Sent](), dict[str, str]()
    for row in rows.iter_rows(named=True):
        class_id = " ".join(row[name] for name in PRESENTATION)
        student = f"{row['id_student']} {class_id}"
        members[student] = class_id
        day = BEGINS[row["code_presentation"]] + timedelta(days=int(row["date_submitted"]))
        begins_ms = round(datetime.combine(day, time(9), UTC).timestamp() * 1000)
        at_ms = begins_ms + (row["id_student"] * 7919 + row["id_assessment"]) % 18_000_000
        sent.append(_sent(student, class_id, f"{row['code_module']} {row['assessment_type']}", at_ms, row["score"]))
    sent.sort(key=lambda one: one[1][0])
    return Quizzes(sent, _roster(members, None), set())


def _sent(student: str, class_id: str, module: str, at_ms: int, score: float) -> Sent:
    event = {
        "event_id": str(uuid.uuid5(_SPACE, f"{student}/{module}/{at_ms}")),
        "event_name": "quiz_submit",
        "timestamp": at_ms,
        "student_id": student,
        "class_id": class_id,
        "metadata": {"score": score, "module": module},
    }
    return CLICKSTREAM, (at_ms, student.encode(), json.dumps(event).encode())


def _roster(members: dict[str, str], term: date | None) -> dict[str, list[Row]]:
    classes = sorted(set(members.values()))
    found: dict[str, list[Row]] = {
        "classes": [{"class_id": one, "title": one, "grade": one[0]} for one in classes],
        "class_staff": [{"class_id": one, "staff_id": f"t{n // 3:02}"} for n, one in enumerate(classes)],
        "enrolments": [{"student_id": s, "course_id": "all", "class_id": c} for s, c in sorted(members.items())],
    }
    if term is not None:
        found["terms"] = [{"term_id": "term", "starts": term, "ends": term + timedelta(weeks=WEEKS)}]
    return found
