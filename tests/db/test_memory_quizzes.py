"""Attempts, their averages, their days, and who failed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dataflows.settings import Settings
from db.migrate import migrate
from tests.databases import bring_up
from tests.db.conftest import NOW, Database, ago, opened
from tests.db.memory import attempt


def test_attempts_are_averaged_by_user_module_and_kind(database: Database) -> None:
    database.put(
        "quiz_attempts",
        attempt("ann", ago(days=2), 70, time_taken_seconds=100.5),
        attempt("ann", ago(days=1), 85, time_taken_seconds=None),
        attempt("ann", ago(days=1, seconds=5), 33.33, time_taken_seconds=20),
        attempt("ann", ago(days=3), 50, quiz_type="diagnostic", module=None, domain=None, time_taken_seconds=None),
    )
    columns = "domain, course, module, quiz_type, attempt_count, average_score, average_time_taken, last_attempted_at"
    assert database.values(
        f"SELECT user_id, {columns}, passed_count, best_score FROM quiz_analytics ORDER BY quiz_type"
    ) == [
        ("ann", None, "algebra", None, "diagnostic", 1, 50, None, ago(days=3), 0, 50),
        ("ann", "math", "algebra", "m1", "module", 3, 62.7767, 60.25, ago(days=1), 2, 85),
    ]


def test_an_attempt_is_passed_from_the_mark_of_its_module_on(database: Database) -> None:
    mark = {"item_id": "m2", "kind": "module", "pass_mark": 50}
    database.put("content_items", {**mark, "course_id": "a"}, {**mark, "course_id": "b", "pass_mark": 40})
    for module in ("m1", "m2", None):
        for score in (49.9, 50, 69.9, 70):
            database.put("quiz_attempts", attempt("ann", ago(days=1, seconds=score), score, module))
    query = "SELECT module, pass_mark, array_agg(score ORDER BY score) FROM student_attempts WHERE passed GROUP BY 1, 2"
    assert database.values(f"{query} ORDER BY 1 NULLS LAST") == [
        ("m1", 70, [70]),
        ("m2", 50, [50, 69.9, 70]),
        (None, 70, [70]),
    ]


def test_the_pass_mark_is_a_setting(database: Database) -> None:
    database.put("quiz_attempts", attempt("ann", ago(days=1), 60))
    assert database.value("SELECT passed FROM student_attempts") is False
    migrate(database.url, settings=Settings(pass_mark=60))
    assert database.value("SELECT passed FROM student_attempts") is True


def test_a_module_shows_its_days_and_how_many_failed_at_first(database: Database) -> None:
    database.put(
        "quiz_attempts",
        attempt("ann", ago(days=1), 40),
        attempt("ann", ago(), 90),
        attempt("ben", ago(), 69.99),
        attempt("cem", ago(), 100),
        attempt("cem", ago(-1), 10),
        attempt("dia", ago(), 70, quiz_type="diagnostic", domain=None),
        attempt("ann", ago(), 0, quiz_type="diagnostic", domain=None, module=None),
    )
    bands = "s0, s1, s2, s3, s4, s5, s6, s7, s8, s9"
    columns = (
        f"domain, quiz_type, attempts, score_sum, {bands}, average_score, first_attempts, first_failed, failure_rate"
    )
    assert database.values(
        f"SELECT extract(day FROM bucket), {columns} FROM module_performance ORDER BY 1, attempts, score_sum"
    ) == [
        (1, "math", "module", 1, 4000, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 40, 1, 1, 1),
        (2, None, "diagnostic", 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, None),
        (2, None, "diagnostic", 1, 7000, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 70, 1, 0, 0),
        (2, "math", "module", 4, 26999, 0, 1, 0, 0, 0, 0, 1, 0, 0, 2, 67.4975, 2, 1, 0.5),
    ]
    kinds = "SELECT DISTINCT pg_typeof(attempts)::text, pg_typeof(score_sum)::text, pg_typeof(s0)::text FROM"
    assert database.values(f"{kinds} module_performance_1d") == [("bigint",) * 3]
    assert database.values(f"{kinds} module_performance") == [("bigint",) * 3]
    distribution = (
        "SELECT from_score, sum(attempts) FROM score_distribution GROUP BY 1 HAVING sum(attempts) > 0 ORDER BY 1"
    )
    assert database.values(distribution) == [(0, 1), (10, 1), (40, 1), (60, 1), (70, 1), (90, 2)]


def test_days_of_modules_are_local(any_database: str) -> None:
    bring_up(any_database, Settings(timezone="Asia/Kolkata"))
    for database in opened(any_database):
        midnight = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
        database.put("quiz_attempts", attempt("ann", midnight, 70), attempt("ben", midnight - timedelta(seconds=1), 70))
        query = "SELECT bucket, attempts, first_attempts FROM module_performance ORDER BY bucket"
        assert database.values(query) == [(midnight - timedelta(days=1), 1, 1), (midnight, 1, 1)]


def test_quiz_failure_looks_at_the_first_attempt_of_seven_days(database: Database) -> None:
    for student, class_id in (("ann", "7B"), ("ben", "7B"), ("cem", "7B"), ("dia", "7C")):
        database.put("enrolments", {"student_id": student, "course_id": "algebra", "class_id": class_id})
    database.put("class_staff", {"class_id": "7B", "staff_id": "teacher"})
    week = 7 * 86400
    database.put(
        "quiz_attempts",
        attempt("ann", ago(week), 10),  # at the very edge: out
        attempt("ann", ago(week - 1), 69.9),
        attempt("ann", ago(60), 90),
        attempt("ben", ago(60), 70),
        attempt("ben", ago(30), 10),
        attempt("cem", ago(60), 0, quiz_type="diagnostic"),
        attempt("cem", ago(60), 0, "m2"),
        attempt("cem", ago(-1), 0),  # after the clock
        attempt("dia", ago(60), 0, class_id="7B"),  # the roster's class wins
        attempt("guest", ago(60), 0, class_id="7B", domain=None),
        attempt("drifter", ago(60), 0, None),
        attempt("teacher", ago(60), 0, class_id="7B"),
    )
    columns = "class_id, module, domain, students, failed, failure_rate, pass_mark, since, as_of"
    span = (70, ago(week), NOW)
    assert database.values(f"SELECT {columns} FROM quiz_failure ORDER BY 1, 2") == [
        ("7B", "m1", "math", 3, 2, 0.6667, *span),
        ("7B", "m2", "math", 1, 1, 1, *span),
        ("7C", "m1", "math", 1, 1, 1, *span),
    ]
