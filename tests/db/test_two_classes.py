"""A student of two classes counts in each for what happened there, and once among all."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.db.conftest import Database
from tests.db.content import active_day, at, settle, visit, write_content
from tests.db.memory import attempt, fact

TODAY = date(2026, 3, 2)


@pytest.fixture
def both(database: Database) -> Database:
    """Ann is in 7A and 7B, ben in 7B."""
    database.put("enrolments", {"student_id": "ann", "course_id": "algebra", "class_id": "7A"})
    database.put("enrolment_classes", {"student_id": "ann", "course_id": "algebra", "class_id": "7B"})
    database.put("enrolments", {"student_id": "ben", "course_id": "algebra", "class_id": "7B"})
    return database


def test_days_count_in_the_class_that_their_interactions_named(both: Database) -> None:
    both.put("student_days", active_day("ann", 0, 3, interactions=7), active_day("ben", 0, 2, interactions=4))
    day = {"day": TODAY, "student_id": "ann"}
    both.put("student_day_classes", {**day, "class_id": "7A", "minutes_active": 2, "interactions": 3})
    both.put("student_day_classes", {**day, "class_id": "7B", "minutes_active": 3, "interactions": 3})
    both.put("student_day_classes", {**day, "class_id": "", "minutes_active": 1, "interactions": 1})
    settle(both)
    assert both.values("SELECT * FROM daily_activity ORDER BY class_id") == [
        (TODAY, "7A", 1, 2, 3),
        (TODAY, "7B", 2, 5, 7),
        (TODAY, None, 1, 1, 1),
    ]
    assert both.value("SELECT active_users FROM clickstream_analytics WHERE date = %s", TODAY) == 2
    columns = "student_id, class_id, minutes_active, minutes_everywhere, place, place_in_class"
    assert both.values(f"SELECT {columns} FROM leaderboard ORDER BY class_id, place_in_class") == [
        ("ann", "7A", 2, 3, 1, 1),
        ("ann", "7B", 3, 3, 1, 1),
        ("ben", "7B", 2, 2, 2, 2),
        ("ann", None, 1, 3, 1, 1),
    ]


def test_days_of_the_roster_count_in_each_class_what_names_it_or_none_of_the_students_classes(both: Database) -> None:
    before = TODAY - timedelta(days=1)
    both.put("student_days", active_day("ann", 0, 5, interactions=9), active_day("ben", 0, 2, interactions=4))
    both.put("student_days", {**active_day("ann", -1, 4, interactions=4), "class_id": "9Z"})
    day = {"day": TODAY, "student_id": "ann"}
    both.put("student_day_classes", {**day, "class_id": "7A", "minutes_active": 4, "interactions": 5})
    both.put("student_day_classes", {**day, "class_id": "9Z", "minutes_active": 2, "interactions": 3})
    both.put("student_day_classes", {**day, "class_id": "", "minutes_active": 1, "interactions": 1})
    settle(both)
    assert both.values("SELECT * FROM class_member_days ORDER BY class_id, student_id, day") == [
        ("7A", "ann", before, 4, 4),
        ("7A", "ann", TODAY, 5, 9),  # of 4, 2 and 1 minutes two are the same
        ("7B", "ann", before, 4, 4),
        ("7B", "ann", TODAY, 3, 4),
        ("7B", "ben", TODAY, 2, 4),
    ]
    columns = "class_id, day, previous_day, students, minutes_active"
    assert both.values(f"SELECT {columns} FROM class_days_summary ORDER BY 1, 2, 3 NULLS FIRST") == [
        ("7A", before, None, 1, 4),
        ("7A", TODAY, before, 1, 5),
        ("7B", before, None, 1, 4),
        ("7B", TODAY, None, 1, 2),
        ("7B", TODAY, before, 1, 3),
    ]


@pytest.mark.parametrize(("named", "counted"), [("7A", {"7A"}), (None, {"7A", "7B"}), ("9Z", {"7A", "7B"})])
def test_facts_count_where_they_happened_else_in_all_classes_of_the_student(
    both: Database, named: str | None, counted: set[str]
) -> None:
    both.put("quiz_attempts", attempt("ann", at(0), 40, "quiz", class_id=named))
    both.put("learning_events", fact("ann", at(0), "login", class_id=named))
    settle(both)
    for view in ("quiz_failure", "class_attempts", "class_days_summary"):
        assert {c for (c,) in both.values(f"SELECT class_id FROM {view}")} == counted, view
    logins = dict(both.values("SELECT scope_id, logins FROM daily_logins"))
    assert logins == {"all": 1, **dict.fromkeys(counted, 1)}


@pytest.mark.parametrize(("named", "counted"), [("7A", {"7A"}), (None, {"7A", "7B"})])
def test_visits_count_in_the_pace_of_the_class_in_which_they_were_made(
    both: Database, named: str | None, counted: set[str]
) -> None:
    write_content(both)
    both.put("chapter_visit_facts", visit("ann", "a1", at(0), 60, class_id=named))
    settle(both)
    assert {c for (c,) in both.values("SELECT class_id FROM chapter_pace")} == counted


def test_risk_and_profiles_are_of_the_enrolment_and_progress_of_each_class(both: Database) -> None:
    settle(both)
    assert both.values("SELECT student_id, class_id FROM student_risk ORDER BY 1") == [("ann", "7A"), ("ben", "7B")]
    assert both.values("SELECT student_id, total_enrollments FROM student_analytics_profiles ORDER BY 1") == [
        ("ann", 1),
        ("ben", 1),
    ]
    assert both.values("SELECT class_id, students FROM class_progress ORDER BY 1") == [("7A", 1), ("7B", 2)]
