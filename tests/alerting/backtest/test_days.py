"""Backtests of rules that need the flows content and memory, with times found by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from bench.alerts.run import put
from local.postgres import Postgres
from tests.alerting.backtest.lesson_log import Click, at, clicks, store, times, tried
from tests.chance import chance
from tests.databases import new_database


@pytest.fixture
def scratch(postgres_server: Postgres) -> Iterator[str]:
    with new_database(postgres_server) as url:
        yield url


def test_absent_at_minute_ten_is_known_at_minute_ten(postgres_url: str, scratch: str) -> None:
    reported = [click for n in range(9) for click in clicks(f"7B-{n}", "10:01:30", "10:40:30")]
    reported += clicks("7B-late", "10:10:30", "10:40:30")
    reported += [click for n in range(9) for click in clicks(f"7C-{n}", "10:01:30", "10:40:30")]
    store(postgres_url, reported, absent={"7B": 2})
    found = tried(postgres_url, scratch, ["absent_at_minute_10"], "09:50", "10:30", every_s=300)["absent_at_minute_10"]
    assert times(found.calls) == {"7B": [("10:10", "")]}
    assert (found.calls[0].words["absent"], found.calls[0].words["enrolled"]) == ("3", "12")
    assert found.queried == 8


def quiz(student: str, clock: str, score: int) -> Click:
    return Click(at(clock), student, "quiz_submit", None, f'{{"score": {score}, "module": "fractions"}}')


def test_a_quiz_that_many_fail_calls_with_the_tenth_student(postgres_url: str, scratch: str) -> None:
    reported = [quiz(f"7B-{n}", f"10:{20 + n}:30", 50 if n < 5 else 90) for n in range(10)]
    reported += [
        quiz(f"7C-{n}", f"10:{20 + n}:30", 50 if n < 4 else 90) for n in range(10)
    ]  # four of ten: not more than 40 %
    reported += [quiz("7B-0", "10:35:30", 100)]  # a second attempt makes nothing better
    store(postgres_url, reported)
    found = tried(postgres_url, scratch, ["quiz_failure"], "10:00", "11:00", every_s=300)["quiz_failure"]
    assert [(call.ids, call.since) for call in found.calls] == [(("7B", "fractions"), at("10:30"))]
    assert (found.calls[0].words["failed"], found.calls[0].words["students"]) == ("5", "10")


def test_reviews_from_long_before_the_span_are_remembered(postgres_url: str, scratch: str) -> None:
    store(postgres_url, clicks("7B-0", "10:00:30", "10:50:30"))
    attempt = {"class_id": "7B", "domain": "math", "course": "math", "module": "fractions", "quiz_type": "module"}
    scores = {f"7B-{n}": 50.0 for n in range(10)} | {f"7C-{n}": 90.0 for n in range(10)}
    put(
        postgres_url,
        {
            "quiz_attempts": [
                attempt
                | {
                    "attempted_at": at("10:00") - timedelta(days=5),
                    "event_id": str(UUID(int=n)),
                    "user_id": student,
                    "score": score,
                }
                for n, (student, score) in enumerate(scores.items())
            ],
            "enrolments": [
                {"student_id": student, "course_id": "math", "class_id": student[:2]}
                for student in scores
                if student != "7B-0"
            ],
        },
    )
    found = tried(postgres_url, scratch, ["forgetting_risk"], "09:55", "11:00")["forgetting_risk"]
    assert [(call.ids, call.since) for call in found.calls] == [(("7B", "fractions"), at("10:00"))]
    # a 50 holds for a day, and five days later 0.8 to the fifth is left of it
    reported = found.calls[0].words
    assert (reported["chance"], reported["curves"]) == (str(round(100 * chance(50, 0.8**5))), "10")


def test_a_calibration_of_one_s_own_holds_from_its_day_on_in_the_past_too(postgres_url: str, scratch: str) -> None:
    store(postgres_url, clicks("7B-0", "10:00:30", "10:50:30"))
    attempt = {"class_id": "7B", "module": "fractions", "quiz_type": "module"}
    then = at("10:00") - timedelta(days=5)
    students = [f"{name}-{n}" for name in ("7B", "7C") for n in range(10)]
    put(
        postgres_url,
        {
            "quiz_attempts": [
                attempt
                | {
                    "attempted_at": then,
                    "event_id": str(UUID(int=n)),
                    "user_id": one,
                    "score": 67.0 if one < "7C" else 75.0,
                }
                for n, one in enumerate(students)
            ],
            "enrolments": [{"student_id": one, "course_id": "math", "class_id": one[:2]} for one in students[1:]],
            "calibrations": [
                {
                    "version": 2,
                    "model": "ebbinghaus",
                    "parameters": '{"intercept": 0, "slope": 0, "score": 2}',
                    "active_from": at("10:45"),
                }
            ],
        },
    )
    # by the one that is shipped they are 13 points apart, by this one 38
    [call] = tried(postgres_url, scratch, ["forgetting_risk"], "09:55", "12:00", every_s=900)["forgetting_risk"].calls
    assert (call.ids, call.since, call.words["chance"]) == (("7B", "fractions"), at("10:45"), "35")
