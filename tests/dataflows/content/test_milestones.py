"""Milestones: which events are, and what their rows say."""

from __future__ import annotations

import pickle
from datetime import datetime
from typing import Any

import pytest

from dataflows.content.columns import Events
from dataflows.content.milestones import KINDS, Milestones
from dataflows.operators.dictionary import Dictionary
from tests.dataflows.content.clicking import NOON_MS, decoded, event


def reported(*sent: dict[str, Any]) -> tuple[Events, list[str]]:
    students: Dictionary[str] = Dictionary()
    return decoded(list(sent), students), students.values


def rows_of(*sent: dict[str, Any]) -> list[dict[str, Any]]:
    milestones = Milestones()
    milestones.add(*reported(*sent))
    return milestones.rows().to_dicts()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_gives_a_row(kind: str) -> None:
    assert [row["kind"] for row in rows_of(event("ann", kind, NOON_MS))] == [kind]


def test_other_events_are_no_milestones() -> None:
    assert rows_of(event("ann", "page_view", NOON_MS), event("ann", "video_complete", NOON_MS)) == []
    assert rows_of() == []


def test_a_row_says_who_where_on_what_and_how_much() -> None:
    place = {"class_id": "7B", "course_id": "math", "chapter_id": "ch3"}
    enrol = event("ann", "course_enroll", NOON_MS, metadata={"price": 49.5, "score": "87"}) | place
    lesson = event("ben", "lesson_complete", NOON_MS + 1, lesson_id="l1", assessment_id="q1")
    quiz = event("ann", "quiz_submit", NOON_MS + 2, assessment_id="q1", metadata={"score": 80})
    nothing = dict.fromkeys(["class_id", "course_id", "chapter_id", "item_id", "price", "score"])
    rows = rows_of(enrol, event("cat", "scroll", NOON_MS), lesson, quiz)
    assert [row.pop("event_id") for row in rows] == [enrol["event_id"], lesson["event_id"], quiz["event_id"]]
    assert [row.pop("place") for row in rows] == [0, 2, 3]
    noon = datetime(2023, 11, 15, 12)  # noqa: DTZ001
    assert rows[0] == nothing | place | {
        "event_time": noon,
        "student_id": "ann",
        "kind": "course_enroll",
        "price": 49.5,
        "score": 87.0,
    }
    assert rows[1] == nothing | {
        "event_time": noon.replace(microsecond=1000),
        "student_id": "ben",
        "kind": "lesson_complete",
        "item_id": "l1",
    }
    assert rows[2] == nothing | {
        "event_time": noon.replace(microsecond=2000),
        "student_id": "ann",
        "kind": "quiz_submit",
        "item_id": "q1",
        "score": 80.0,
    }


def test_rows_that_wait_outlive_a_crash_and_are_given_once() -> None:
    milestones, later = Milestones(), Milestones()
    milestones.add(*reported(event("ann", "login", NOON_MS)))
    later.restore(pickle.loads(pickle.dumps(milestones.state())))
    later.add(*reported(event("ben", "login", NOON_MS)))
    assert later.rows()["student_id"].to_list() == ["ann", "ben"]
    assert later.rows().is_empty()
