"""Enrolments from events: the same row in any order, however batched and repeated."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from typing import Any

from dataflows.sink.enrolments import FACT_COLUMNS, merge_statement
from tests.db.conftest import NOW, Database, ago
from tests.db.content import active_day, settle

Fact = tuple[str, str, str | None, str, datetime | None, datetime | None]


def enrol(at: datetime, class_id: str | None = None, role: str = "student") -> Fact:
    return ("ann", "math", class_id, role, at, None)


def leave(at: datetime) -> Fact:
    return ("ann", "math", None, "student", None, at)


def apply(database: Database, facts: list[Fact]) -> None:
    columns = ", ".join(FACT_COLUMNS)
    database.connection.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS stage AS SELECT {columns} FROM enrolments LIMIT 0".encode()
    )
    database.connection.execute("TRUNCATE stage")
    for fact in facts:
        database.put("stage", dict(zip(FACT_COLUMNS, fact, strict=True)))
    database.connection.execute(merge_statement("stage"))


def row(database: Database) -> list[tuple[Any, ...]]:
    return database.values("SELECT class_id, enrolled_at, left_at, returned_at, role, class_at FROM enrolments")


def test_any_order_and_batching_of_the_same_events_gives_the_same_row(database: Database) -> None:
    a, b, c, d = ago(days=4), ago(days=3), ago(days=2), ago(days=1)
    facts = [enrol(a, "7C"), enrol(b, "7B"), leave(c), enrol(d)]
    expected = [("7B", a, c, d, "student", b)]
    for order in itertools.permutations(facts):
        for split in (0, 1, 2):
            database.connection.execute("DELETE FROM enrolments")
            apply(database, list(order[:split]))
            apply(database, list(order[split:]))
            apply(database, list(order[:2]))
            assert row(database) == expected


def test_who_left_is_not_enrolled_until_enrolled_again(database: Database) -> None:
    query = "SELECT count(*) FROM enrolled_students NATURAL JOIN class_members"
    apply(database, [enrol(ago(days=3), "7B")])
    assert database.value(query) == 1
    apply(database, [leave(ago(days=2))])
    assert database.value(query) == 0
    apply(database, [enrol(ago(days=1))])
    assert database.value(query) == 1
    apply(database, [leave(NOW + timedelta(days=1))])
    assert database.value(query) == 1  # not yet
    apply(database, [enrol(NOW + timedelta(days=2))])
    assert database.value(query) == 1


def test_who_comes_back_later_has_left_meanwhile(database: Database) -> None:
    apply(database, [enrol(ago(days=3), "7B"), leave(ago(days=2)), enrol(NOW + timedelta(days=1))])
    assert database.value("SELECT count(*) FROM enrolled_students") == 0


def test_a_cohort_keeps_its_students_when_they_enrol_again_or_nobody_said_when_they_did(database: Database) -> None:
    apply(database, [enrol(ago(days=30), "7B")])
    apply(database, [leave(ago(days=10))])
    apply(database, [enrol(ago(days=3))])
    unknown = {"course_id": "math", "class_id": "7B", "class_at": ago(days=16)}
    database.put("enrolments", *({"student_id": student, **unknown} for student in ("ben", "cem")))
    database.put("student_days", active_day("ben", -23), active_day("ben", 0))  # before anybody named a class
    settle(database)
    columns = "cohort_week, week_number, students, active_students"
    assert database.values(f"SELECT {columns} FROM cohort_retention ORDER BY 1, 2") == [
        *((date(2026, 1, 26), week, 1, 0) for week in range(6)),
        *((date(2026, 2, 2), week, 1, week in {0, 4}) for week in range(5)),
        *((date(2026, 2, 9), week, 1, 0) for week in range(4)),
    ]
    profile = "SELECT first_enrollment_at FROM student_analytics_profiles WHERE student_id = 'ann'"
    assert database.value(profile) == ago(days=30)


def test_a_leaving_without_an_enrolment_enrols_nobody(database: Database) -> None:
    apply(database, [leave(ago(days=2))])
    assert database.value("SELECT count(*) FROM enrolled_students") == 0


def test_a_role_other_than_student_stays_whatever_events_claim_later(database: Database) -> None:
    database.put("enrolments", {"student_id": "ann", "course_id": "math", "role": "teacher", "class_id": "7B"})
    apply(database, [enrol(ago(days=2), "7C")])
    assert database.values("SELECT role, class_id FROM enrolments") == [("teacher", "7C")]
