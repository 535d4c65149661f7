"""The rules of memory and quizzes, on both sides of every threshold and guard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.alerting.lessons import NOW, TERM, firing, number, word
from tests.grafana.conftest import School

Row = dict[str, Any]


def enrol(school: School, class_id: str, students: int) -> list[str]:
    """Adds a class of so many students and returns their ids."""
    ids = [f"{class_id}-{n}" for n in range(students)]
    rows = [{"student_id": one, "course_id": "math", "class_id": class_id} for one in ids]
    school.put(classes=[{"class_id": class_id}], enrolments=rows)
    return ids


def curve(user: str, module: str, *, reviewed_days: float, interval_days: float) -> Row:
    reviewed = NOW - timedelta(days=reviewed_days)
    return {
        "user_id": user,
        "module": module,
        "task": 0,
        "model": "ebbinghaus",
        "last_score": 80,
        "last_reviewed_at": reviewed,
        "next_review_at": reviewed + timedelta(days=interval_days),
        "interval_days": interval_days,
        "stability": 10,
        "decay_factor": 0.1,
        "reviews": 1,
    }


def curves(school: School, class_id: str, *, high: int, low: int, module: str = "m", days: float = 10) -> None:
    """Adds a class of whom so many are past twice their interval of a module, reviewed so many days ago."""
    ids = enrol(school, class_id, high + low)
    school.put(
        memory_state=[
            curve(one, module, reviewed_days=days, interval_days=days / 2 if n < high else 1000)
            for n, one in enumerate(ids)
        ]
    )


@pytest.mark.parametrize(("high", "low", "expected"), [(5, 5, 0), (6, 5, 1), (5, 4, 0), (6, 4, 1)])
def test_more_than_half_of_ten_curves_must_be_at_high_urgency(
    school: School, high: int, low: int, expected: int
) -> None:
    curves(school, "7B", high=high, low=low)
    assert firing(school, "forgetting_risk") == {("7B", "m"): expected}
    assert number(school, "forgetting_risk", "high") == {("7B", "m"): high}


def test_what_will_be_forgotten_within_three_days_is_told_with_its_weekday(school: School) -> None:
    ids = enrol(school, "7B", 10)
    school.put(memory_state=[curve(one, "m", reviewed_days=10, interval_days=6) for one in ids])  # high in two days
    assert firing(school, "forgetting_risk") == {("7B", "m"): 1}
    assert word(school, "forgetting_risk", "crosses") == {("7B", "m"): "Thursday"}  # it is Monday
    assert number(school, "forgetting_risk", "high") == {("7B", "m"): 0}


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
    curves(school, "7B", high=10, low=0, days=days)
    if due_in is not None:
        item = {"course_id": "math", "item_id": "m", "kind": "module", "due_at": NOW + timedelta(days=due_in)}
        school.put(content_items=[item])
    assert firing(school, "forgetting_risk") == rows


def test_nobody_is_told_of_forgetting_between_terms(school: School) -> None:
    curves(school, "7B", high=10, low=0)
    school.put(terms=[{**TERM, "ends": "2026-03-01"}])
    assert firing(school, "forgetting_risk") == {("7B", "m"): 0}


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
    told = "question 2 (10 of 10 wrong), question 1 (5 of 10 wrong)"
    assert word(school, "quiz_failure", "worst") == {("7B", "m"): told, ("7C", "m"): ""}


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
