"""The rules of memory and quizzes, on both sides of every threshold and guard."""

from __future__ import annotations

from datetime import timedelta
from math import exp, sqrt
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.alerting.lessons import NOW, TERM, firing, number, word
from tests.chance import chance
from tests.grafana.conftest import School

Row = dict[str, Any]


def enrol(school: School, class_id: str, students: int) -> list[str]:
    """Adds a class of so many students and returns their ids."""
    ids = [f"{class_id}-{n}" for n in range(students)]
    rows = [{"student_id": one, "course_id": "math", "class_id": class_id} for one in ids]
    school.put(classes=[{"class_id": class_id}], enrolments=rows)
    return ids


def curve(user: str, module: str, *, days: float, stability: float, score: float = 80) -> Row:
    reviewed = NOW - timedelta(days=days)
    return {
        "user_id": user,
        "module": module,
        "task": 0,
        "model": "ebbinghaus",
        "last_score": score,
        "last_reviewed_at": reviewed,
        "next_review_at": reviewed + timedelta(days=stability / 4),
        "interval_days": stability / 4,
        "stability": stability,
        "decay_factor": 1 / stability,
        "reviews": 1,
    }


def curves(
    school: School, class_id: str, students: int, *, days: float = 10, stability: float = 10, score: float = 80
) -> None:
    """Adds a class whose students all reviewed module `m` so many days ago."""
    ids = enrol(school, class_id, students)
    school.put(memory_state=[curve(one, "m", days=days, stability=stability, score=score) for one in ids])


def test_a_class_is_compared_with_the_others_as_long_after_their_review(school: School) -> None:
    curves(school, "low", 10, score=60)
    curves(school, "few", 9, score=60)
    curves(school, "high", 10, score=80, days=1)
    # The others of `low`: nine like it, and ten with 80, whose curve ten days after their review stands at exp(-1).
    norm = (9 * chance(60, exp(-1)) + 10 * chance(80, exp(-1))) / 19
    assert number(school, "forgetting_risk", "chance")["low", "m"] == round(100 * chance(60, exp(-1)))
    assert number(school, "forgetting_risk", "norm")["low", "m"] == round(100 * norm)
    assert chance(80, exp(-1)) - chance(60, exp(-1)) > 0.15 > norm - chance(60, exp(-1))
    assert firing(school, "forgetting_risk") == {("low", "m"): 0, ("few", "m"): 0, ("high", "m"): 0}
    curves(school, "more", 40, score=80, days=30)
    assert firing(school, "forgetting_risk") == {
        ("low", "m"): 1,
        ("few", "m"): 0,  # nine have a curve
        ("high", "m"): 0,
        ("more", "m"): 0,
    }


@pytest.mark.parametrize(("score", "expected"), [(67, 1), (68, 0)])
def test_fifteen_points_below_the_norm_call(school: School, score: float, expected: int) -> None:
    curves(school, "high", 10, score=80)
    curves(school, "low", 10, score=score)
    apart = 100 * (chance(80, exp(-1)) - chance(score, exp(-1)))
    assert (apart >= 15) is bool(expected), apart
    assert firing(school, "forgetting_risk") == {("high", "m"): 0, ("low", "m"): expected}


@pytest.mark.parametrize(("students", "expected"), [(10, 0), (40, 1)])
def test_what_may_be_chance_does_not_call(school: School, students: int, expected: int) -> None:
    # Half with 100 and half with 20 points: a mean that far below may be chance in a class of ten.
    ids = enrol(school, "mixed", students)
    rows = [curve(one, "m", days=10, stability=10, score=100 if n % 2 else 20) for n, one in enumerate(ids)]
    school.put(memory_state=rows)
    curves(school, "even", 100, score=79)
    mean = (chance(100, exp(-1)) + chance(20, exp(-1))) / 2
    deviation = sqrt((chance(100, exp(-1)) - mean) ** 2 * students / (students - 1) / students)
    apart = chance(79, exp(-1)) - mean
    assert apart >= 0.15
    assert (apart >= 2 * deviation) is bool(expected)
    assert firing(school, "forgetting_risk")["mixed", "m"] == expected


@pytest.mark.parametrize(
    ("stability", "due_in", "expected"), [(1, None, 0), (1, 6.9, 1), (1, 7.1, 0), (1, -1, 0), (10, 6.9, 0)]
)
def test_a_class_alone_calls_only_before_an_assessment(
    school: School, stability: float, due_in: float | None, expected: int
) -> None:
    curves(school, "7B", 10, stability=stability)
    curves(school, "7C", 9, stability=stability)  # nine others are no norm
    if due_in is not None:
        item = {"course_id": "math", "item_id": "m", "kind": "module", "due_at": NOW + timedelta(days=due_in)}
        school.put(content_items=[item])
    assert firing(school, "forgetting_risk") == {("7B", "m"): expected, ("7C", "m"): 0}
    if expected:
        reported = {name: word(school, "forgetting_risk", name)["7B", "m"] for name in ("chance", "norm", "assessed")}
        at_once = round(100 * chance(80, 1))
        assert reported == {
            "chance": str(round(100 * chance(80, exp(-10)))),
            "norm": str(at_once),
            "assessed": "Monday 09 March",
        }


@pytest.mark.parametrize(
    ("days", "due_in", "rows"),
    [
        (41.9, None, {("7B", "m"): 1}),
        (42.1, None, {("7B", ""): 0}),
        (50, 20.9, {("7B", "m"): 1}),
        (50, 21.1, {("7B", ""): 0}),
        (50, -1, {("7B", ""): 0}),
    ],
)
def test_only_modules_of_the_last_six_or_next_three_weeks_are_watched(
    school: School, days: float, due_in: float | None, rows: dict[Any, int]
) -> None:
    curves(school, "7B", 10, score=40, days=days)
    ids = [f"other-{n}" for n in range(10)]  # of no class
    school.put(memory_state=[curve(one, "m", days=days, stability=10) for one in ids])
    if due_in is not None:
        item = {"course_id": "math", "item_id": "m", "kind": "module", "due_at": NOW + timedelta(days=due_in)}
        school.put(content_items=[item])
    assert firing(school, "forgetting_risk") == rows


def test_nobody_is_told_of_forgetting_between_terms(school: School) -> None:
    curves(school, "7B", 10, score=40)
    curves(school, "7C", 10, score=90)
    school.put(terms=[{**TERM, "ends": "2026-03-01"}])
    assert firing(school, "forgetting_risk") == {("7B", "m"): 0, ("7C", "m"): 0}


def attempts(school: School, class_id: str, *, failed: int, passed: int, days: float = 1, kind: str = "module") -> None:
    ids = enrol(school, class_id, failed + passed)
    school.put(
        quiz_attempts=[
            {
                "attempted_at": NOW - timedelta(days=days),
                "event_id": one,
                "user_id": one,
                "class_id": class_id,
                "module": "m",
                "quiz_type": kind,
                "score": 69.9 if n < failed else 70,
            }
            for n, one in enumerate(ids)
        ]
    )


@pytest.mark.parametrize(("failed", "passed", "expected"), [(8, 12, 0), (9, 12, 1), (5, 4, 0), (5, 5, 1), (4, 6, 0)])
def test_a_quiz_calls_above_four_tenths_and_from_five_of_ten_on(
    school: School, failed: int, passed: int, expected: int
) -> None:
    attempts(school, "7B", failed=failed, passed=passed)
    assert firing(school, "quiz_failure") == {("7B", "m"): expected}
    assert number(school, "quiz_failure", "failed") == {("7B", "m"): failed}


@pytest.mark.parametrize(("days", "kind"), [(7.1, "module"), (1, "diagnostic")])
def test_old_attempts_and_diagnostics_are_no_failures(school: School, days: float, kind: str) -> None:
    attempts(school, "7B", failed=10, passed=0, days=days, kind=kind)
    assert firing(school, "quiz_failure") == {("7B", ""): 0}


def answers(school: School, class_id: str) -> None:
    """Adds that of ten all failed question 2, half question 1 and none question 3 of the quiz."""
    rows = []
    for n in range(10):
        for question, correct in ((1, n < 5), (2, False), (3, True)):
            rows.append(answer(f"{class_id}-{n}", question, correct=correct))
    school.put(events=rows)


def answer(student: str, question: int, *, correct: bool, minutes: float = 5, quiz: str = "m") -> Row:
    at = NOW - timedelta(days=1, minutes=minutes)
    return {
        "event_time": at,
        "event_id": f"{student}-{question}-{minutes}",
        "student_id": student,
        "event_name": "quiz_answer",
        "assessment_id": quiz,
        "metadata": Jsonb({"question": question, "correct": correct}),
        "topic": "clickstream_events",
        "partition": 0,
        "kafka_offset": 0,
        "ingested_at": at,
    }


def test_the_hardest_questions_are_named_where_answers_are_known(school: School) -> None:
    attempts(school, "7B", failed=9, passed=1)
    attempts(school, "7C", failed=9, passed=1)
    answers(school, "7B")
    school.put(
        events=[
            answer("7B-0", 4, correct=False, minutes=121),  # another attempt
            answer("7B-0", 5, correct=False, minutes=-1),
            answer("7B-0", 6, correct=False, quiz="other"),
        ]
    )
    reported = "question 2 (10 of 10 wrong), question 1 (5 of 10 wrong)"
    assert word(school, "quiz_failure", "worst") == {("7B", "m"): reported, ("7C", "m"): ""}


def test_titles_are_told_where_they_are_known(school: School) -> None:
    attempts(school, "7B", failed=9, passed=1)
    assert word(school, "quiz_failure", "item") == {("7B", "m"): "m"}
    school.put(content_items=[{"course_id": "math", "item_id": "m", "kind": "module", "title": "Fractions"}])
    assert word(school, "quiz_failure", "item") == {("7B", "m"): "Fractions"}


def test_words_are_asked_of_what_fires_or_is_near(school: School) -> None:
    attempts(school, "7B", failed=3, passed=7)
    assert word(school, "quiz_failure", "item") == {}
    attempts(school, "7C", failed=4, passed=6)
    assert word(school, "quiz_failure", "item") == {("7C", "m"): "m"}
