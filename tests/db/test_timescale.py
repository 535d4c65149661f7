"""What only a real TimescaleDB shows: jobs, chunks, columnstore, old logs."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from tests.db.conftest import Database

OLD = datetime(2019, 5, 6, 8, 0, tzinfo=UTC)
WINDOW = (
    "INSERT INTO activity_windows SELECT at, 'all', 'all', task, 2, 1, 1"
    " FROM generate_series(%s::timestamptz, %s::timestamptz, '1 minute') at, generate_series(0, 3) task"
)


def run_jobs(database: Database) -> None:
    """Runs every job of our tables once, in order."""
    jobs = database.values("SELECT job_id FROM timescaledb_information.jobs WHERE job_id >= 1000 ORDER BY job_id")
    for (job,) in jobs:
        deadline = time.monotonic() + 20
        while not ran(database, job):
            assert time.monotonic() < deadline


def ran(database: Database, job: int) -> bool:
    """Runs a job; says no while the run that the scheduler began at creation is still under way."""
    with contextlib.suppress(psycopg.errors.LockNotAvailable):
        database.connection.execute("CALL run_job(%s)", (job,))
        return True
    return False


def event(event_id: str, at: datetime) -> dict[str, Any]:
    base = {"student_id": "s", "event_name": "scroll", "topic": "t", "partition": 0, "kafka_offset": 1}
    return {**base, "event_id": event_id, "event_time": at, "ingested_at": datetime.now(UTC)}


def test_time_tables_are_hypertables_and_policies_have_no_start(timescale: Database) -> None:
    names = (
        "activity_windows anomalies chapter_visit_facts dead_letters engagement_scores events learning_events"
        " memory_reviews milestones page_days predictions quiz_attempts sessions_closed stuck_episodes"
        " student_click_days student_days video_views"
    ).split()
    assert timescale.values(
        "SELECT hypertable_name FROM timescaledb_information.hypertables WHERE hypertable_schema = 'public' ORDER BY 1"
    ) == [(name,) for name in names]
    jobs = timescale.rows(
        "SELECT proc_name, hypertable_name, config FROM timescaledb_information.jobs WHERE job_id >= 1000"
    )
    refreshes = [job for job in jobs if job["proc_name"] == "policy_refresh_continuous_aggregate"]
    assert {job["config"]["start_offset"] for job in refreshes} == {None}
    aggregates = "SELECT count(*) FROM timescaledb_information.continuous_aggregates WHERE view_schema = 'public'"
    assert len(refreshes) == timescale.value(aggregates)
    retained = [job for job in jobs if job["proc_name"] == "policy_retention"]
    assert sorted((job["hypertable_name"], job["config"]["drop_created_before"]) for job in retained) == [
        ("anomalies", "400 days"),
        ("chapter_visit_facts", "2557 days"),
        ("dead_letters", "90 days"),
        ("events", "90 days"),
        ("learning_events", "2557 days"),
        ("memory_reviews", "2557 days"),
        ("milestones", "2557 days"),
        ("predictions", "2557 days"),
        ("quiz_attempts", "2557 days"),
        ("sessions_closed", "2557 days"),
        ("stuck_episodes", "400 days"),
        ("student_click_days", "2557 days"),
        ("student_days", "2557 days"),
        ("video_views", "2557 days"),
    ]
    compressed = [job for job in jobs if job["proc_name"] == "policy_compression"]
    assert sorted(job["hypertable_name"] for job in compressed) == [
        "activity_windows",
        "chapter_visit_facts",
        "engagement_scores",
        "events",
        "learning_events",
        "quiz_attempts",
        "sessions_closed",
        "video_views",
    ]
    assert all("compress_created_before" in job["config"] for job in compressed)


def test_a_log_replayed_from_2019_survives_all_jobs(timescale: Database) -> None:
    timescale.connection.execute(WINDOW, (OLD, OLD + timedelta(minutes=89)))
    for i in range(100):
        timescale.put("events", event(f"e{i}", OLD + timedelta(days=i)))
    for _night in range(2):
        run_jobs(timescale)
    assert timescale.value("SELECT count(*) FROM events") == 100
    assert timescale.value("SELECT count(*) FROM activity_windows") == 360
    compressed = "SELECT count(*) FROM timescaledb_information.chunks WHERE is_compressed"
    assert timescale.value(compressed) == 0
    assert timescale.values("SELECT events, peak_active_students, active_minutes FROM activity_1h ORDER BY bucket") == [
        (480, 4, 60),
        (240, 4, 30),
    ]
    assert timescale.values("SELECT events, student_minutes FROM activity_1d") == [(720, 360)]


def test_old_rows_that_change_or_go_are_seen_after_the_next_refresh(timescale: Database) -> None:
    timescale.connection.execute(WINDOW, (OLD, OLD + timedelta(minutes=1)))
    score = {"time": OLD, "class_id": "7B", "recency": 1, "intensity": 1, "duration": 1, "streak": 1}
    timescale.put("engagement_scores", {**score, "student_id": "a", "score": 0.5})
    run_jobs(timescale)
    timescale.connection.execute("UPDATE activity_windows SET events = 10 WHERE task = 0 AND window_start = %s", (OLD,))
    timescale.connection.execute("DELETE FROM activity_windows WHERE task = 1")
    timescale.put("engagement_scores", {**score, "student_id": "b", "score": 0.75})
    assert timescale.values("SELECT events FROM activity_1d") == [(16,)]  # materialised, until the refresh
    run_jobs(timescale)
    for aggregate in ("activity_1h", "activity_1d"):
        assert timescale.values(f"SELECT events, peak_active_students FROM {aggregate}") == [(20, 3)]
    assert timescale.values("SELECT score, students FROM engagement_by_class_1m") == [(62.5, 2)]


def test_what_lies_above_the_materialised_end_is_seen_at_once(timescale: Database) -> None:
    timescale.connection.execute(WINDOW, (OLD, OLD))
    run_jobs(timescale)
    timescale.connection.execute(WINDOW, (OLD + timedelta(days=2), OLD + timedelta(days=2)))
    assert timescale.values("SELECT events FROM activity_1d ORDER BY bucket") == [(8,), (8,)]


def test_late_rows_can_be_upserted_into_columnstore(timescale: Database) -> None:
    for i in range(20):
        timescale.put("events", event(f"e{i}", OLD + timedelta(seconds=i)))
    timescale.connection.execute(WINDOW, (OLD, OLD + timedelta(minutes=9)))
    for table in ("events", "activity_windows"):
        timescale.connection.execute(f"SELECT compress_chunk(c) FROM show_chunks('{table}') c".encode())
    timescale.put("events", event("late", OLD))
    timescale.connection.execute(
        "INSERT INTO events SELECT * FROM events WHERE event_id = 'e3'"
        " ON CONFLICT (event_time, event_id, topic) DO NOTHING"
    )
    timescale.connection.execute(
        "INSERT INTO activity_windows VALUES (%s, 'all', 'all', 0, 5, 5, 5)"
        " ON CONFLICT (window_start, scope, scope_id, task) DO UPDATE SET events = excluded.events",
        (OLD,),
    )
    assert timescale.value("SELECT count(*) FROM events") == 21
    assert timescale.value("SELECT events FROM activity WHERE window_start = %s", OLD) == 11
    limit = "SELECT setconfig::text FROM pg_db_role_setting d JOIN pg_database b ON b.oid = d.setdatabase"
    assert "max_tuples_decompressed_per_dml_transaction=0" in timescale.value(
        limit + " WHERE datname = current_database()"
    )


def test_retention_drops_chunks_by_the_time_they_were_made(timescale: Database) -> None:
    timescale.put("events", event("old", OLD), event("new", datetime.now(UTC)))
    timescale.connection.execute(
        "UPDATE _timescaledb_catalog.chunk SET creation_time = now() - interval '91 days'"
        " WHERE id = (SELECT min(id) FROM _timescaledb_catalog.chunk)"
    )
    run_jobs(timescale)
    assert timescale.values("SELECT event_id FROM events") == [("new",)]
