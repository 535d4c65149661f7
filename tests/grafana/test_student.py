"""Every panel of Student gives the known term's answer, on both databases, as a teacher's reader."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from grafana.committed import variable
from tests.chance import chance
from tests.grafana.conftest import School
from tests.grafana.known_day import NOW
from tests.grafana.known_term import MONTH, at
from tests.grafana.shown import Rows

BOARD = "student"


def panel(school: School, title: str, student: str = "ann") -> Rows:
    return school.on(BOARD, title, MONTH, student=[student])


@pytest.mark.parametrize(
    ("student", "sentence"),
    [
        ("ann", "Up to date: Ann, Class 7B. Is here now: active."),
        ("cem", "Up to date: Cem, Class 7B. Last seen 33 minutes ago."),
        ("dia", "Up to date: Dia, Class 7B. Has not been seen yet."),
        ("zoe", "Nothing to show: no such student is known."),
    ],
)
def test_the_sentence_says_who_it_is_and_when_last_seen(term: School, student: str, sentence: str) -> None:
    [(said,)] = panel(term, "What you are looking at", student)
    assert said.startswith(sentence)


def test_the_headline_has_the_week_and_all_time(term: School) -> None:
    # two days of 30 minutes; 100 + 40 s and, long ago, 999 s cut to 3 x 100 s; (85 + 10) / 2
    # without the diagnostic; no week of two days, nor for her who never came: her weeks count from her enrolment
    [row] = panel(term, "At a glance")
    assert row == pytest.approx((7, 2, 3600, 440, 47.5, 50, 0, 0))
    assert panel(term, "At a glance", "dia") == [(0, 0, 0, 0, None, None, 0, 0.8)]


def test_courses_stand_beside_the_class(term: School) -> None:
    # finished: ch1 of four items; of the class ben, cem and dia none; times 440, 200 and 60 s of three who came
    [row] = panel(term, "Progress by course")
    assert row[:6] == ("math", 25, 0, 43.3, 48, 440)
    assert row[6] == pytest.approx(700 / 3)
    assert panel(term, "Scores against the class") == [("math", 43.3, 48)]


def test_skills_are_the_last_scores_as_far_as_they_are_remembered(term: School) -> None:
    [row] = panel(term, "Skills")
    assert (row[0], row[1], row[2], row[3]) == (
        "Fractions quiz",
        pytest.approx(chance(85, 0.9087), abs=1e-4),
        85,
        "low",
    )


def test_next_steps_begin_with_what_to_talk_about(term: School) -> None:
    term.put(content_items=[{"course_id": "math", "item_id": "essay", "kind": "assignment", "due_at": at(12, 3)}])
    assert [row[:3] for row in panel(term, "Next steps", "ben")] == [
        ("Talk about", "math", "the last two scores are below the pass mark"),
        ("Close the gap", "Fractions quiz", "would pass now with 49 %, and Decimals quiz builds on it"),
        ("Revise", "Fractions quiz", "would pass now with 49 %"),
        ("Hand in", "essay", "is due"),
    ]


def test_a_chance_stands_beside_how_such_chances_turned_out_and_who_set_it_aside(term: School) -> None:
    assert panel(term, "Chance of failing, as known then", "ben") == []
    like = {"n": 80, "share": 0.6, "error": 0.05, "judged_on": "2014J"}
    entry = {"kind": "risk", "student_id": "ben", "course_id": "math", "predicted_at": at(0)}
    chance: dict[str, Any] = {"class_id": "7B", "week": 4, "probability": 0.62, "reasons": ["last score 60"]}
    said = {"changes": '[{"if": "scores 70", "chance": 0.4}]', "known": "{}", "calibration": json.dumps(like)}
    dismissal = entry | {"dismissed_at": at(9), "actor": "Ms Lee", "why": "was ill"}
    term.put(predictions=[entry | chance | said | {"model_version": "risk-1"}], prediction_dismissals=[dismissal])
    assert panel(term, "Chance of failing, as known then", "ben") == [
        ("math", 4, 0.62, 0.6, 0.05, "last score 60", "scores 70: 40 %", "Ms Lee: was ill", "risk-1")
    ]


def test_a_completed_module_leads_to_the_next_one(term: School) -> None:
    term.put(
        learning_events=[
            {
                "event_time": at(9, -1),
                "event_id": "done",
                "user_id": "ann",
                "kind": "module_completed",
                "domain": "math",
                "course": "math",
                "module": "m1",
            }
        ],
    )
    term.empty("quiz_attempts")  # a quiz would have begun the next one
    assert [row[:2] for row in panel(term, "Next steps")] == [("Go on with", "Decimals quiz")]


def test_days_without_an_action_are_gaps_of_zero(term: School) -> None:
    rows: dict[datetime, int] = dict(panel(term, "Active minutes, day by day"))
    assert len(rows) == 29
    assert {day: minutes for day, minutes in rows.items() if minutes} == {at(0): 30, at(0, -3): 30}


def test_the_week_and_the_log_are_those_of_the_sessions(term: School) -> None:
    assert panel(term, "When in the week") == [(1, 8, 1800), (5, 8, 600)]
    assert panel(term, "Sessions") == [
        (at(8), 1800, 3, 5, "over", "Desktop"),
        (at(8, -3), 600, 3, 5, "over", "Mobile"),
    ]


def test_students_to_choose_are_those_of_the_class(term: School) -> None:
    query = variable(BOARD, "student")["query"]
    assert term.ask(query, chosen={"class": ["8A"]}) == [("fay", "Fay (Class 8A)")]
    assert ("hal", "hal") in term.ask(query)
    assert term.on(BOARD, "As of", MONTH, student=["ann"]) == [(NOW,)]


def test_every_panel_answers_an_empty_database(empty_school: School) -> None:
    empty_school.answers_everywhere(BOARD, MONTH, student=["ann"])
