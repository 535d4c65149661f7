"""Who may be lost: each reason on both sides of its threshold, on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.db.conftest import Database
from tests.db.content import active_day, at, item, milestone, settle, visit, write_content
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


def test_quizzes_are_activity_and_hand_in_what_is_due(term: Database) -> None:
    enrol(term, "ann", "ben")
    term.put("content_items", item("m1", 9, kind="module", due_at=at(60)), item("q1", 10, kind="quiz", due_at=at(60)))
    for student, kind in (("ann", "module"), ("ben", "diagnostic")):
        for number in range(20):
            module = "m1" if number else "q1"
            term.put("quiz_attempts", attempt(student, at(number), 95, module, course="algebra", quiz_type=kind))
    assert risk(term) == {"ann": (False, False, False, False, 0, 0), "ben": (False, False, True, False, 2, 0.5)}
    assert term.values("SELECT student_id, finished_items FROM student_course_completion ORDER BY 1") == [
        ("ann", 1),  # the quiz; its module needs more than that
        ("ben", 0),
    ]


def test_any_interaction_in_the_course_is_activity_and_those_elsewhere_are_none(term: Database) -> None:
    enrol(term, "ann", "ben", "cem")
    for student, course in (("ann", "algebra"), ("ben", "history"), ("cem", None)):
        term.student(student, at(0), course_id=course)
        if course:
            term.put("course_activity", {"student_id": student, "course_id": course, "last_at": at(0)})
    assert risk(term, "never_started, away, last_activity_at") == {
        "ann": (False, False, at(0)),
        "ben": (True, True, None),
        "cem": (True, False, None),  # said nowhere to be in another course
    }


def test_everything_counts_from_the_enrolment_where_that_is_later_than_the_term(term: Database) -> None:
    term.put("content_items", item("essay", 9, due_at=at(0, days=-6)))
    # Thursday, seven study days before today; the day after; an hour ago; away, and back since yesterday
    for student, enrolled_at in (("ann", -11), ("ben", -10), ("cem", -0.04), ("dia", -40)):
        enrol(term, student)
        term.connection.execute(
            "UPDATE enrolments SET enrolled_at = %s WHERE student_id = %s", (at(0, days=enrolled_at), student)
        )
    left_and_back = "UPDATE enrolments SET left_at = %s, returned_at = %s WHERE student_id = 'dia'"
    term.connection.execute(left_and_back, (at(0, days=-9), at(0, days=-1)))
    assert risk(term) == {
        "ann": (True, True, False, False, 1, 1.1),
        "ben": (True, False, False, False, 1, 0.7),
        "cem": (False, False, False, False, 0, 0),
        "dia": (False, False, False, False, 0, 0),
    }


def test_without_terms_everything_counts_from_the_enrolment(term: Database) -> None:
    term.connection.execute("DELETE FROM terms")
    term.put("content_items", item("essay", 9, due_at=at(0, days=-12)))
    enrol(term, "ann", "ben", "cem", "dia")
    for student, days in (("ben", -13), ("cem", -12)):
        term.connection.execute(
            "UPDATE enrolments SET enrolled_at = %s WHERE student_id = %s", (at(0, days=days), student)
        )
    term.connection.execute("UPDATE enrolments SET enrolled_at = NULL WHERE student_id = 'dia'")
    assert risk(term) == {
        "ann": (True, True, False, False, 1, 1.1),
        "ben": (True, True, False, False, 1, 1.1),  # day 14
        "cem": (True, True, False, False, 1, None),
        "dia": (False, False, False, False, 0, None),  # nobody said since when
    }


def test_a_diagnostic_is_no_quiz_that_one_fails(term: Database) -> None:
    start(term, "ann")
    for minute, (score, kind) in enumerate([(20, "module"), (90, "module"), (5, "diagnostic"), (5, "diagnostic")]):
        term.put("quiz_attempts", attempt("ann", at(minute), score, "quiz", course="algebra", quiz_type=kind))
    assert risk(term, "failing") == {"ann": (False,)}
    profile = "SELECT overall_avg_score, quiz_accuracy FROM student_analytics_profiles WHERE student_id = 'ann'"
    assert term.values(profile) == [(55, 50)]


def test_consistency_counts_from_the_later_of_term_and_enrolment(term: Database) -> None:
    term.connection.execute("UPDATE terms SET starts = %s", (TODAY - timedelta(days=35),))  # five whole weeks
    enrol(term, "ann", "ben", "eve")
    term.connection.execute("UPDATE enrolments SET enrolled_at = %s WHERE student_id = 'ben'", (at(0, days=-14),))
    for student in ("ann", "ben"):
        term.put("student_days", active_day(student, -6), active_day(student, -5), active_day(student, -50))
    query = "SELECT student_id, learning_consistency_score FROM student_analytics_profiles"
    assert dict(term.values(query)) == {"ann": 0.2, "ben": 0.5, "eve": 0}
    term.connection.execute("DELETE FROM terms")
    assert dict(term.values(query)) == {"ann": 0.1667, "ben": 0.5, "eve": 0}  # six weeks are over since the enrolment
