"""Who may be lost: each reason on both sides of its threshold, on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.db.conftest import Database
from tests.db.content import at, item, milestone, settle, visit, write_content
from tests.db.memory import attempt

TODAY = date(2026, 3, 2)  # a Monday
TERM = TODAY - timedelta(days=20)
REASONS = "never_started, away, behind, failing, overdue_items"


@pytest.fixture
def term(database: Database) -> Database:
    """Day 21 of a term with lessons on every weekday but Saturday and Sunday."""
    write_content(database)
    database.put("terms", {"term_id": "t", "starts": TERM, "ends": TODAY + timedelta(days=60)})
    return database


def enrol(database: Database, *students: str) -> None:
    for student in students:
        row = {"student_id": student, "course_id": "algebra", "class_id": "7B", "enrolled_at": at(0, days=-40)}
        database.put("enrolments", row)


def start(database: Database, *students: str, **columns: Any) -> None:
    """Makes students who began and were here today."""
    enrol(database, *students)
    for student in students:
        database.student(student, at(0), class_id="7B")
        database.put("chapter_visit_facts", visit(student, "a2", at(0, days=-15), 60, **columns))


def risk(database: Database, columns: str = f"{REASONS}, score") -> dict[str, tuple[Any, ...]]:
    settle(database)
    return {row[0]: row[1:] for row in database.values(f"SELECT student_id, {columns} FROM student_risk")}


def test_who_never_came_is_a_row_with_its_reasons_in_words(term: Database) -> None:
    enrol(term, "eve")
    start(term, "ann")
    term.put("enrolments", {"student_id": "miss", "course_id": "algebra", "class_id": "7B", "role": "staff"})
    assert risk(term) == {"eve": (True, True, False, False, 0, 0.8), "ann": (False, False, False, False, 0, 0)}
    query = "SELECT reasons FROM student_risk WHERE student_id = 'eve'"
    assert term.value(query) == ["has not started the course", "not seen for seven study days"]
    profiles = "SELECT student_id, at_risk_score FROM student_analytics_profiles ORDER BY 1"
    assert term.values(profiles) == [("ann", 0), ("eve", 0.8)]


def test_what_was_before_the_term_is_no_start(term: Database) -> None:
    start(term, "ann", "ben")
    term.connection.execute("UPDATE chapter_visit_facts SET end_time = %s", (at(0, days=-20),))
    term.connection.execute("UPDATE chapter_visit_facts SET end_time = %s WHERE student_id = 'ben'", (at(0, days=-21),))
    assert risk(term, "never_started") == {"ann": (False,), "ben": (True,)}


def test_seven_study_days_skip_weekends(term: Database) -> None:
    for student, days in (("ann", -11), ("ben", -12)):  # Thursday and Wednesday, two weeks ago; seven weekdays since
        start(term, student)
        term.connection.execute(
            "UPDATE student_state SET last_interaction_at = %s WHERE student_id = %s", (at(0, days=days), student)
        )
    assert risk(term, "away") == {"ann": (False,), "ben": (True,)}


def test_behind_is_below_what_the_slowest_fifth_has_finished(term: Database) -> None:
    start(term, *(f"s{number}" for number in range(5)), scroll_depth=100)
    start(term, "slow", scroll_depth=10)
    assert risk(term, "behind")["slow"] == (True,)
    assert {name for name, (behind,) in risk(term, "behind").items() if behind} == {"slow"}


def test_two_scores_below_the_mark_in_a_row_are_failing(term: Database) -> None:
    start(term, "ann", "ben", "cem")
    for student, scores in {"ann": (90, 59, 10), "ben": (10, 59, 60), "cem": (59,)}.items():
        for minute, score in enumerate(scores):
            term.put("quiz_attempts", attempt(student, at(minute), score, "quiz"))
    assert risk(term, "failing, score") == {"ann": (True, 0.3), "ben": (False, 0), "cem": (False, 0)}


def test_an_item_that_is_due_and_not_finished_is_overdue(term: Database) -> None:
    start(term, "ann", "ben")
    term.put("content_items", item("essay", 9, due_at=at(119)), item("later", 10, due_at=at(121)))
    term.put("content_items", item("last_term", 11, due_at=at(0, days=-21)))
    term.put("milestones", milestone("ben", "assignment_submit", at(110), item_id="essay"))
    assert risk(term, "overdue_items") == {"ann": (1,), "ben": (0,)}


@pytest.mark.parametrize(("day", "score"), [(13, None), (14, 0.8)])
def test_there_is_no_score_before_day_14(term: Database, day: int, score: float | None) -> None:
    enrol(term, "eve")
    term.connection.execute("UPDATE terms SET starts = %s", (TODAY - timedelta(days=day - 1),))
    assert risk(term, "score") == {"eve": (score,)}


def test_between_terms_there_is_no_score(term: Database) -> None:
    enrol(term, "eve")
    term.connection.execute("UPDATE terms SET ends = %s", (TODAY - timedelta(days=1),))
    assert risk(term, "score") == {"eve": (None,)}
