"""Modules begun and finished, what comes next, where the ground is missing, domains, logins."""

from __future__ import annotations

from tests.db.conftest import Database, ago
from tests.db.memory import attempt, curve, fact


def path(database: Database, *modules: str, course_id: str = "algebra") -> None:
    """Puts a course's modules into the order given."""
    for position, module in enumerate(modules):
        item = {"course_id": course_id, "item_id": module, "kind": "module", "title": module.upper()}
        database.put("content_items", {**item, "position": position})


def test_engagement_counts_modules_attempts_and_time_by_domain(database: Database) -> None:
    database.put(
        "learning_events",
        fact("ann", ago(days=9), "login", domain=None),
        fact("ann", ago(days=8), "domain_selected"),
        fact("ann", ago(days=7), "module_started", "m1"),
        fact("ann", ago(days=6), "module_started", "m1"),
        fact("ann", ago(days=5), "module_completed", "m1"),
        fact("ann", ago(days=4), "module_completed", "m2"),
        fact("ann", ago(days=3), "module_started", "x", domain=None),
    )
    database.put(
        "quiz_attempts",
        attempt("ann", ago(days=2), 85, time_taken_seconds=420.25),
        attempt("ann", ago(days=1), 85, time_taken_seconds=None),
        attempt("ben", ago(days=1), 85, domain="dsa", time_taken_seconds=None),
        attempt("teacher", ago(days=1), 85),
    )
    database.put("class_staff", {"class_id": "7B", "staff_id": "teacher"})
    assert database.values("SELECT * FROM user_engagement ORDER BY 1, 2") == [
        ("ann", "math", 2, 2, 2, 420.25, ago(days=1)),
        ("ann", None, 1, 0, 0, 0, ago(days=3)),
        ("ben", "dsa", 0, 0, 1, 0, ago(days=1)),
    ]


def test_completing_a_module_queues_the_next_until_it_is_begun(database: Database) -> None:
    path(database, "m1", "m2", "m3")
    database.put("content_items", {"course_id": "algebra", "item_id": "m1-quiz", "kind": "quiz", "position": 0})
    for student in ("ann", "ben", "cem", "dia", "eva", "teacher"):
        database.put(
            "learning_events",
            fact(student, ago(days=2), "module_completed", "m1"),
            fact(student, ago(days=1), "module_completed", "m1"),
        )
    database.put("class_staff", {"class_id": "7B", "staff_id": "teacher"})
    database.put("learning_events", fact("ben", ago(60), "module_started", "m2"))
    database.put("learning_events", fact("cem", ago(60), "module_completed", "m2"))
    database.put("quiz_attempts", attempt("dia", ago(60), 10, "m2"))
    database.put("quiz_attempts", attempt("eva", ago(60), 10, "m2", quiz_type="diagnostic"))
    database.put("learning_events", fact("fay", ago(60), "module_completed", "m3"))
    columns = "user_id, course_id, completed_module, next_module, next_title, queued_at"
    assert database.values(f"SELECT {columns} FROM next_modules ORDER BY 1") == [
        ("ann", "algebra", "m1", "m2", "M2", ago(days=2)),
        ("cem", "algebra", "m2", "m3", "M3", ago(60)),
        ("eva", "algebra", "m1", "m2", "M2", ago(days=2)),
    ]


def test_a_gap_is_a_module_that_faded_below_its_mark_while_the_next_one_needs_it(database: Database) -> None:
    path(database, "m1", "m2")
    for student in ("ann", "ben", "cem", "dia"):
        database.put("enrolments", {"student_id": student, "course_id": "algebra", "class_id": "7B"})
    database.put("memory_state", curve("ann", [(ago(days=2), 70)]))  # 70 x 0.8 = 56
    database.put("memory_state", curve("ben", [(ago(days=1), 100)]))  # 100 x 0.8 ** 0.35 = 92.49
    database.put("memory_state", curve("cem", [(ago(days=2), 70)]))
    database.put("memory_state", curve("dia", [(ago(days=4), 70)]))  # 70 x 0.64 = 44.8
    database.put("memory_state", curve("ann", [(ago(days=2), 70)], module="m2"))  # nothing follows
    database.put("learning_events", fact("ann", ago(60), "module_started", "m2"))
    database.put("learning_events", fact("cem", ago(60), "module_completed", "m2"))
    columns = "user_id, course_id, module, domain, current_score, pass_mark, gap, last_score, revision_urgency"
    assert database.values(f"SELECT {columns}, next_module, next_started FROM knowledge_gaps ORDER BY 1") == [
        ("ann", "algebra", "m1", "math", 56, 70, 14, 70, "medium", "m2", True),
        ("dia", "algebra", "m1", "math", 44.8, 70, 25.2, 70, "high", "m2", False),
    ]
    columns = "cohort, cohort_id, module, domain, next_module, students_with_gap, students_with_curve, enrolled"
    assert database.values(f"SELECT {columns}, gap_share, median_gap FROM knowledge_gaps_by_cohort ORDER BY 1") == [
        ("class", "7B", "m1", "math", "m2", 2, 4, 4, 0.5, 19.6),
        ("course", "algebra", "m1", "math", "m2", 2, 4, 4, 0.5, 19.6),
    ]


def test_domains_and_logins_are_counted_by_local_day_and_class(database: Database) -> None:
    database.put("enrolments", {"student_id": "ann", "course_id": "algebra", "class_id": "7B"})
    database.put("class_staff", {"class_id": "7B", "staff_id": "teacher"})
    for student in ("ann", "ben", "teacher"):
        database.put(
            "learning_events",
            fact(student, ago(60), "domain_selected"),
            fact(student, ago(50), "domain_selected", domain=None),
            fact(student, ago(60), "login", domain=None),
            fact(student, ago(40), "login", domain=None),
        )
    database.put("learning_events", fact("ben", ago(days=1), "login", domain=None))
    assert database.values(
        "SELECT to_char(day, 'MM-DD'), scope, scope_id, domain, selections, students FROM domain_popularity ORDER BY 2"
    ) == [
        ("03-02", "all", "all", "math", 2, 2),
        ("03-02", "class", "7B", "math", 1, 1),
    ]
    query = "SELECT to_char(day, 'MM-DD'), scope, scope_id, logins, students FROM daily_logins ORDER BY day, scope"
    assert database.values(query) == [
        ("03-01", "all", "all", 1, 1),
        ("03-02", "all", "all", 4, 2),
        ("03-02", "class", "7B", 2, 1),
    ]
