"""`memberships` says by class what `enrolments` say by course, whoever wrote them."""

from __future__ import annotations

import random
from typing import Any

from tests.db.conftest import NOW, Database, ago

BY_COURSE = "SELECT DISTINCT class_id, student_id FROM enrolled_students ORDER BY 1, 2"
BY_CLASS = "SELECT class_id, student_id FROM class_enrolled ORDER BY 1, 2"
ONLY = """
SELECT count(*) FROM memberships m
WHERE m.is_only <> (SELECT count(*) = 1 FROM memberships o WHERE o.student_id = m.student_id)
"""


def an_enrolment(rng: random.Random) -> dict[str, Any]:
    times = [None, *(ago(days=day) for day in range(-2, 6))]
    return {
        "student_id": rng.choice("abcdefgh"),
        "course_id": rng.choice(["math", "art", "geo"]),
        "class_id": rng.choice(["7A", "7B", None]),
        "enrolled_at": rng.choice(times),
        "left_at": rng.choice(times),
        "role": rng.choice(["student", "student", "student", "assistant"]),
    }


def test_classes_hold_at_any_time_whom_their_courses_hold(database: Database) -> None:
    rng = random.Random(11)
    database.put("class_staff", {"class_id": "7A", "staff_id": "h"})
    upsert = (
        "INSERT INTO enrolments (student_id, course_id, class_id, enrolled_at, left_at, role)"
        " VALUES (%(student_id)s, %(course_id)s, %(class_id)s, %(enrolled_at)s, %(left_at)s, %(role)s)"
        " ON CONFLICT (student_id, course_id) DO UPDATE SET class_id = excluded.class_id,"
        " enrolled_at = excluded.enrolled_at, left_at = excluded.left_at, role = excluded.role"
    )
    for step in range(60):
        database.connection.execute(upsert, an_enrolment(rng))
        if step % 10 == 9:
            row = an_enrolment(rng)
            database.connection.execute("DELETE FROM enrolments WHERE student_id = %s", (row["student_id"],))
        if step % 3 == 2:  # a class gets other staff, as a roster's file gives it
            database.connection.execute("DELETE FROM class_staff WHERE class_id = '7A'")
            database.put("class_staff", {"class_id": "7A", "staff_id": rng.choice("abcdefgh")})
        for day in range(-3, 7):
            database.watermark(ago(days=day, seconds=1))
            assert database.values(BY_CLASS) == database.values(BY_COURSE), (step, day)
        assert database.value(ONLY) == 0
    database.watermark(NOW)
    assert len(database.values(BY_CLASS)) > 2  # not a comparison of nothing with nothing
    database.connection.execute("TRUNCATE enrolments")
    assert database.values("SELECT * FROM memberships") == []


def test_a_student_who_left_a_course_and_begins_another_later_is_away_in_between(database: Database) -> None:
    database.put(
        "enrolments",
        {
            "student_id": "ann",
            "course_id": "math",
            "class_id": "7B",
            "enrolled_at": ago(days=9),
            "left_at": ago(days=3),
        },
        {"student_id": "ann", "course_id": "art", "class_id": "7B", "enrolled_at": ago(days=-3)},
    )
    for days, enrolled in ((10, 0), (9, 1), (4, 1), (3, 0), (0, 0), (-2, 0), (-3, 1), (-9, 1)):
        database.watermark(ago(days=days))
        assert database.value("SELECT count(*) FROM class_enrolled") == enrolled, days


def test_a_row_that_says_the_same_again_is_not_rewritten(database: Database) -> None:
    database.put("enrolments", {"student_id": "ann", "course_id": "math", "class_id": "7B"})
    before = database.values("SELECT ctid FROM memberships")
    database.put("enrolments", {"student_id": "ann", "course_id": "art", "class_id": "7B"})
    database.connection.execute("UPDATE enrolments SET class_at = now()")
    assert database.values("SELECT ctid FROM memberships") == before
