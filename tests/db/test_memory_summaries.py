"""Summaries of quizzes and forgetting are what the live views said at the job's last run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.db.conftest import NOW, Database, ago
from tests.db.content import settle
from tests.db.memory import attempt, curve

LIVE = {
    "forgetting_summary": "forgetting_by_cohort",
    "knowledge_gap_summary": "knowledge_gaps_by_cohort",
    "quiz_failure_summary": "quiz_failure",
    "module_summary": "module_performance",
}


def write_class(database: Database) -> None:
    for position, module in enumerate(("m1", "m2")):
        database.put(
            "content_items", {"course_id": "algebra", "item_id": module, "kind": "module", "position": position}
        )
    for days, student in enumerate(("ann", "ben", "cem", "dia"), 1):
        database.put("enrolments", {"student_id": student, "course_id": "algebra", "class_id": "7B"})
        database.put("memory_state", curve(student, [(ago(days=days), 70)]))
        database.put("quiz_attempts", attempt(student, ago(days=days), 68 + days))


def columns(database: Database, view: str) -> str:
    names = "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = %s::regclass"
    return str(database.value(f"{names} AND attname <> 'as_of'", view))


@pytest.mark.parametrize("summary", LIVE)
def test_a_summary_says_what_its_live_view_said_at_the_jobs_last_run(database: Database, summary: str) -> None:
    write_class(database)
    said = f"SELECT {columns(database, summary)} FROM"
    live = database.values(f"{said} {LIVE[summary]} ORDER BY 1, 2, 3")
    settle(database)
    assert live
    assert database.values(f"{said} {summary} ORDER BY 1, 2, 3") == live
    assert database.values(f"SELECT DISTINCT as_of FROM {summary}") == [(NOW,)]


def test_on_timescaledb_a_summary_waits_for_the_job_and_its_live_view_does_not(timescale: Database) -> None:
    write_class(timescale)
    settle(timescale)
    timescale.put("memory_state", curve("eva", [(timescale.value("SELECT classpulse_now()"), 70)]))
    timescale.put("enrolments", {"student_id": "eva", "course_id": "algebra", "class_id": "7B"})
    count = "SELECT sum(students_with_curve) FROM"
    assert timescale.value(f"{count} forgetting_summary") == 8  # a class and a course
    assert timescale.value(f"{count} forgetting_by_cohort") == 10
    settle(timescale)
    assert timescale.value(f"{count} forgetting_summary") == 10


def test_curve_changes_step_up_and_down_on_their_days(database: Database) -> None:
    database.put("enrolments", {"student_id": "ann", "course_id": "algebra", "class_id": "7B"})
    review = {
        "domain": "math",
        "module": "m1",
        "score": 70,
        "counted": True,
        "interval_days": 2.0,
        "model": "ebbinghaus",
    }
    database.put(
        "memory_reviews",
        {"user_id": "ann", "event_id": "a", "reviewed_at": ago(days=9), **review},
        {"user_id": "ann", "event_id": "b", "reviewed_at": ago(days=4), **review},
        {"user_id": "nobody", "event_id": "c", "reviewed_at": ago(days=4), **review},
    )
    settle(database)
    today = NOW.date()
    assert database.values("SELECT day, curves, due, high FROM curve_changes ORDER BY 1") == [
        (today - timedelta(days=9), 1, 0, 0),
        (today - timedelta(days=7), 0, 1, 0),
        (today - timedelta(days=5), 0, 0, 1),
        (today - timedelta(days=4), 0, -1, -1),  # the second review
        (today - timedelta(days=2), 0, 1, 0),
        (today, 0, 0, 1),
    ]


def test_of_all_students_the_totals_and_the_foremost_are_kept(database: Database) -> None:
    write_class(database)
    database.put("memory_state", curve("nobody", [(ago(days=9), 70)]))
    for days, student in ((3, "cem"), (4, "dia")):
        signal = {"user_id": student, "module_id": "m1", "scheduled_at": ago(days=days - 2)}
        database.put("revision_signal_facts", {**signal, "created_at": ago(days=days - 2)})
    settle(database)
    # 70 -> an interval of two days: 0.8 to the power of elapsed / 2
    totals = "SELECT students, curves, modules, median_retention, due, high, as_of FROM memory_summary"
    assert database.values(totals) == [(4, 4, 1, pytest.approx((0.8 + 0.8**1.5) / 2, abs=1e-4), 3, 1, NOW)]
    waiting = "SELECT user_id, urgency_level, retention FROM revisions_waiting ORDER BY retention"
    assert database.values(waiting) == [("dia", "high", 0.64), ("cem", "medium", 0.7155)]
    coming = "SELECT user_id, next_review_at, retention, last_score FROM reviews_coming"
    assert database.values(coming) == [("ann", ago(days=-1), 0.8944, 70)]
