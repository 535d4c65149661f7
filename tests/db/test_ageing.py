"""What is old goes, by when it came and not by when it happened; a replayed log survives the night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from pydantic import ValidationError

from dataflows.settings import Settings
from db.ageing import LAST_SEEN, PLACES, ROLLED_UP, TIMES, age, keep_days
from db.migrate import migrate
from privacy.tables import tables_of_students
from tests.databases import bring_up
from tests.db.conftest import NOW, Database, ago, opened
from tests.db.test_timescale import run_jobs
from tests.jobs import stop_jobs

OLD = ago(days=2000)


def reject(at: Any, offset: int) -> dict[str, Any]:
    return {"received_at": at, "topic": "t", "partition": 0, "kafka_offset": offset, "reason": "not_json"}


def night(url: str, settings: Settings, *, dry_run: bool = False) -> dict[str, int]:
    with psycopg.connect(url, autocommit=True) as connection:
        return dict(age(connection, settings, dry_run=dry_run))


def test_on_plain_postgresql_a_night_deletes_days_that_were_kept_for_long_enough(postgres_url: str) -> None:
    settings = Settings(_env_file=None)
    bring_up(postgres_url, settings)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for nth, at in enumerate((OLD, OLD, ago(days=1), NOW)):
            row = reject(at, nth)
            connection.execute(
                "INSERT INTO dead_letters (received_at, topic, partition, kafka_offset, reason)"
                " VALUES (%(received_at)s, %(topic)s, %(partition)s, %(kafka_offset)s, %(reason)s)",
                row,
            )
        assert night(postgres_url, settings) == {}  # they came today, however old they are
        connection.execute("UPDATE days_seen SET seen_at = now() - interval '91 days' WHERE day < %s", (ago(days=100),))
        assert night(postgres_url, settings, dry_run=True) == {"dead_letters": 2}
        assert night(postgres_url, settings) == {"dead_letters": 2}
        left = connection.execute("SELECT kafka_offset FROM dead_letters ORDER BY 1").fetchall()
        assert left == [(2,), (3,)]
        assert night(postgres_url, settings) == {}


def test_on_timescaledb_policies_keep_chunks_for_as_long_as_the_settings_say(timescale: Database) -> None:
    assert night(timescale.url, Settings(_env_file=None)) == {}
    query = (
        "SELECT hypertable_name, (config ->> 'drop_created_before')::interval = make_interval(days => %s)"
        " FROM timescaledb_information.jobs WHERE proc_name = 'policy_retention' AND hypertable_name = %s"
    )
    for table in TIMES.keys() - ROLLED_UP:
        days = keep_days(Settings(_env_file=None), table)
        assert timescale.values(query, days, table) == [(table, True)], table
    changed = Settings(keep_dead_letters_days=7, keep_activity_windows_days=200, _env_file=None)
    migrate(timescale.url, settings=changed)
    rolled = "SELECT config FROM timescaledb_information.jobs WHERE proc_name = 'roll_up_old_chunks'"
    assert timescale.values(rolled) == [({"activity_windows": 200, "engagement_scores": 400},)]
    assert timescale.values(query, 7, "dead_letters") == [("dead_letters", True)]


def test_on_timescaledb_chunks_that_are_old_enough_go_and_a_replayed_one_stays(timescale: Database) -> None:
    timescale.put("dead_letters", reject(OLD, 0))
    timescale.put("dead_letters", reject(NOW, 1))
    job = timescale.value(
        "SELECT job_id FROM timescaledb_information.jobs"
        " WHERE proc_name = 'policy_retention' AND hypertable_name = 'dead_letters'"
    )
    timescale.connection.execute(f"CALL run_job({job})")
    assert timescale.value("SELECT count(*) FROM dead_letters") == 2
    timescale.connection.execute(
        "UPDATE _timescaledb_catalog.chunk SET creation_time = now() - interval '91 days' WHERE id ="
        " (SELECT min(id) FROM _timescaledb_catalog.chunk WHERE table_name LIKE '%chunk' AND hypertable_id ="
        "  (SELECT id FROM _timescaledb_catalog.hypertable WHERE table_name = 'dead_letters'))"
    )
    timescale.connection.execute(f"CALL run_job({job})")
    assert timescale.values("SELECT kafka_offset FROM dead_letters") == [(1,)]


LEARNED: dict[str, dict[str, Any]] = {
    "sessions_closed": {
        "session_id": "s", "duration_seconds": 60, "events": 2, "pages": 2, "is_bounce": False, "task": 0
    },
    "chapter_visit_facts": {
        "event_id": "e", "chapter_id": "c", "time_spent_seconds": 9, "raw_seconds": 9, "idle_capped": False,
        "source": "view", "task": 0,
    },
    "video_views": {
        "video_id": "v", "watched_seconds": 9, "unique_seconds": 9, "seeks": 0, "rewatched_seconds": 0,
        "completed": True, "task": 0,
    },
}  # fmt: skip
ENDS = {"sessions_closed": "session_end", "chapter_visit_facts": "end_time"}


def night_after(database: Database, table: str, days: int) -> None:
    """Makes what lies long ago so many days old, and lets a night pass."""
    if database.values("SELECT FROM pg_extension WHERE extname = 'timescaledb'"):
        database.connection.execute(
            "UPDATE _timescaledb_catalog.chunk SET creation_time = now() - make_interval(days => %s)"
            " FROM timescaledb_information.chunks i WHERE i.chunk_name = table_name"
            " AND i.chunk_schema = schema_name AND i.hypertable_name = %s AND i.range_end < %s",
            (days, table, ago(days=100)),
        )
        job = "SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = 'policy_retention'"
        number = database.value(job + " AND hypertable_name = %s", table)
        database.connection.execute(f"CALL run_job({number})".encode())
        return
    settings = Settings(_env_file=None)
    night(database.url, settings)
    seen = "UPDATE days_seen SET seen_at = now() - make_interval(days => %s) WHERE table_name = %s AND day < %s"
    database.connection.execute(seen, (days, table, ago(days=100)))
    night(database.url, settings)


@pytest.mark.parametrize("table", LEARNED)
def test_sessions_visits_and_views_go_seven_years_after_they_came(database: Database, table: str) -> None:
    column = TIMES[table]
    for at in (OLD, NOW):
        ends = {ENDS[table]: at} if table in ENDS else {}
        database.put(table, {column: at, "student_id": "ann", **ends, **LEARNED[table]})
    left = f"SELECT {column} FROM {table} ORDER BY 1"

    night_after(database, table, 2556)
    assert database.values(left) == [(OLD,), (NOW,)]
    night_after(database, table, 2558)
    assert database.values(left) == [(NOW,)]


OF_A_STUDENT: dict[str, dict[str, Any]] = {
    "student_day_classes": {"student_id": "ann", "class_id": "7B", "minutes_active": 3, "interactions": 9},
    "memory_state": {
        "user_id": "ann", "module": "m", "task": 0, "model": "fsrs", "last_score": 80, "next_review_at": NOW,
        "interval_days": 3, "stability": 3, "decay_factor": 1, "reviews": 1, "updated_at": NOW,
    },
    "risk_entries": {"student_id": "ann", "course_id": "math", "score": 1, "reasons": ["away"]},
    "prediction_dismissals": {
        "kind": "risk", "student_id": "ann", "course_id": "math", "predicted_at": NOW, "actor": "Lee", "why": "ill",
    },
    "course_activity": {"student_id": "ann", "course_id": "math"},
    "enrolments": {"student_id": "ann", "course_id": "math", "class_id": "7B"},
}  # fmt: skip


def test_what_stands_of_a_student_goes_when_it_was_not_written_for_seven_years(database: Database) -> None:
    settings = Settings(_env_file=None)
    for table, row in OF_A_STUDENT.items():
        for who, at in (("ann", OLD), ("ben", NOW)):
            name = "user_id" if "user_id" in row else "student_id"
            database.put(table, row | {name: who, LAST_SEEN[table]: at})
    for who in ("ann", "ben"):
        database.put("enrolment_classes", {"student_id": who, "course_id": "math", "class_id": "7C"})
    database.put("enrolments", {"student_id": "cem", "course_id": "math", "class_id": "7B", "enrolled_at": OLD})
    assert night(database.url, settings) == {}  # however old it is, it came today
    seen = "UPDATE days_seen SET seen_at = now() - make_interval(days => %s) WHERE table_name = ANY (%s)"
    database.connection.execute(seen, (2556, list(OF_A_STUDENT)))
    assert night(database.url, settings) == {}
    database.connection.execute(seen + " AND day < %s", (2558, list(OF_A_STUDENT), ago(days=100)))
    assert night(database.url, settings, dry_run=True) == dict.fromkeys(OF_A_STUDENT, 1)
    assert night(database.url, settings) == dict.fromkeys(OF_A_STUDENT, 1)
    for table, row in OF_A_STUDENT.items():
        name = "user_id" if "user_id" in row else "student_id"
        left = [("ben",), ("cem",)] if table == "enrolments" else [("ben",)]  # cem has not left
        assert database.values(f"SELECT {name} FROM {table} ORDER BY 1") == left, table
    assert database.values("SELECT student_id FROM enrolment_classes") == [("ben",)]
    assert database.values("SELECT DISTINCT student_id FROM memberships ORDER BY 1") == [("ben",), ("cem",)]


def test_attempts_of_a_class_by_day_stay_when_the_attempts_have_gone(database: Database) -> None:
    for at in (OLD, NOW):
        attempt = {"class_id": "7A", "module": "m", "quiz_type": "module", "score": 80.0}
        database.put("quiz_attempts", {"attempted_at": at, "event_id": f"{at}", "user_id": "ann", **attempt})
    by_day = "SELECT day, attempts FROM attempts_by_day WHERE class_id = '7A' ORDER BY 1"
    before = database.values(by_day)
    assert [attempts for _day, attempts in before] == [1, 1]
    night_after(database, "quiz_attempts", 2558)
    assert database.value("SELECT count(*) FROM quiz_attempts") == 1
    assert database.values(by_day) == before
    database.connection.execute("DELETE FROM quiz_attempts")  # taken back, and not aged
    assert database.values(by_day) == before[:1]


def test_ids_of_facts_go_when_their_facts_have_gone(database: Database) -> None:
    settings = Settings(_env_file=None)
    old, older = ago(days=3000), ago(days=3001)
    known = "INSERT INTO milestone_places (student_id, event_id, place, fact_at) VALUES ('ann', %s, 1, %s)"
    for event_id, at in (("kept", old), ("gone", older), ("new", NOW)):
        database.connection.execute(known, (event_id, at))
    database.put("milestones", {"event_time": old, "student_id": "ann", "event_id": "kept", "kind": "login"})
    assert night(database.url, settings, dry_run=True) == {"milestone_places": 1}
    assert night(database.url, settings) == {"milestone_places": 1}
    assert database.values("SELECT event_id FROM milestone_places ORDER BY 1") == [("kept",), ("new",)]
    assert night(database.url, settings) == {}


def history(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Returns what the views say of all time."""
    columns = "bucket, scope, scope_id, events, peak_active_students, peak_active_5m, student_minutes, active_minutes"
    return {
        "hours": database.values(f"SELECT {columns} FROM activity_by_hour ORDER BY 1, 2, 3"),
        "days": database.values(f"SELECT {columns} FROM activity_by_day ORDER BY 1, 2, 3"),
        "classes": database.values("SELECT bucket, class_id, score, students FROM engagement_by_class ORDER BY 1, 2"),
    }


def put_minutes(database: Database, since: datetime, *, minutes: int = 180, students: int = 4) -> None:
    """Writes windows of two tasks in two scopes, every fifth minute empty, and scores of two classes."""
    database.connection.execute(
        "INSERT INTO activity_windows (window_start, scope, scope_id, task, events, active_students, active_5m)"
        " SELECT %s + n * interval '1 minute', s.scope, s.id, task, (n %% 5) * (1 + task), n %% 7, %s"
        " FROM generate_series(0, %s - 1) n, generate_series(0, 1) task,"
        " (VALUES ('all', 'all'), ('class', '7B')) s (scope, id)",
        (since, students, minutes),
    )
    database.connection.execute(
        "INSERT INTO engagement_scores (time, student_id, class_id, score, recency, intensity, duration, streak)"
        " SELECT %s + n * interval '1 minute', 'p' || s, CASE s %% 3 WHEN 0 THEN '7A' WHEN 1 THEN '7B' END,"
        "        (n + s) %% 97 / 97.0, 1, 1, 1, 1"
        " FROM generate_series(0, %s - 1) n, generate_series(1, %s) s",
        (since, minutes, students),
    )


def forget_chunks_of(database: Database, until: datetime) -> None:
    """Makes chunks that end by then 401 days old."""
    database.connection.execute(
        "UPDATE _timescaledb_catalog.chunk SET creation_time = now() - interval '401 days'"
        " FROM timescaledb_information.chunks i"
        " WHERE i.chunk_name = table_name AND i.chunk_schema = schema_name AND i.range_end <= %s"
        " AND i.hypertable_name IN ('activity_windows', 'engagement_scores')",
        (until,),
    )


def chunks(database: Database, table: str) -> int:
    return int(database.value(f"SELECT count(*) FROM show_chunks('{table}')"))


THURSDAY = datetime(2021, 4, 1, tzinfo=UTC)  # weeks of chunks begin on it
EVENING = THURSDAY - timedelta(hours=2)  # three hours from here lie in two chunks, and in one local day of New York


@pytest.mark.parametrize("timezone", ["UTC", "America/New_York", "Asia/Kathmandu"])
def test_on_timescaledb_history_stays_when_windows_and_scores_are_dropped_and_everything_is_refreshed(
    timescale_url: str, timezone: str
) -> None:
    bring_up(timescale_url, Settings(timezone=timezone, _env_file=None))
    stop_jobs(timescale_url)
    for timescale in opened(timescale_url):
        timescale.put("class_staff", {"class_id": "7B", "staff_id": "p1"})
        put_minutes(timescale, EVENING)
        put_minutes(timescale, NOW - timedelta(hours=1), minutes=30)
        run_jobs(timescale)
        before = history(timescale)
        assert len(before["hours"]) > 6
        assert before["classes"]
        assert (chunks(timescale, "activity_windows"), chunks(timescale, "engagement_scores")) == (3, 3)

        forget_chunks_of(timescale, THURSDAY)
        for _night in range(2):
            run_jobs(timescale)
            run_jobs(timescale)
            assert history(timescale) == before
            assert (chunks(timescale, "activity_windows"), chunks(timescale, "engagement_scores")) == (2, 2)
        # the aggregates have forgotten, the tables tell
        assert timescale.value("SELECT count(*) FROM activity_1m WHERE bucket < %s", THURSDAY) == 0
        assert timescale.value("SELECT count(*) FROM activity_kept WHERE NOT pending") > 0

        forget_chunks_of(timescale, NOW - timedelta(days=7))
        run_jobs(timescale)
        run_jobs(timescale)
        assert history(timescale) == before
        assert timescale.value("SELECT count(*) FROM activity_windows WHERE window_start < %s", ago(days=30)) == 0

        # a log of the same minutes that is replayed later counts besides, also once it has been refreshed
        put_minutes(timescale, EVENING)
        run_jobs(timescale)
        after = history(timescale)
        assert [row[0] for row in after["days"]] == [row[0] for row in before["days"]]
        assert sum(row[3] for row in after["days"]) == 2 * sum(
            row[3] for row in before["days"] if row[0] < NOW - timedelta(days=9)
        ) + sum(row[3] for row in before["days"] if row[0] >= NOW - timedelta(days=9))
        assert [row[2] for row in after["classes"]] == [row[2] for row in before["classes"]]


def test_a_roll_up_that_was_cut_off_after_it_dropped_is_ended_by_the_next(timescale: Database) -> None:
    put_minutes(timescale, EVENING)
    run_jobs(timescale)
    before = history(timescale)
    forget_chunks_of(timescale, THURSDAY)
    timescale.connection.execute("ALTER FUNCTION show_rolled_up() RENAME TO shown_later")
    job = timescale.value("SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = 'roll_up_old_chunks'")
    with pytest.raises(psycopg.errors.UndefinedFunction):
        timescale.connection.execute(f"CALL run_job({job})".encode())
    assert timescale.value("SELECT count(*) FROM rolled_up WHERE pending") == 1
    timescale.connection.execute("ALTER FUNCTION shown_later() RENAME TO show_rolled_up")
    run_jobs(timescale)
    assert timescale.value("SELECT count(*) FROM rolled_up WHERE pending") == 0
    assert history(timescale) == before


def test_on_plain_postgresql_history_stays_when_a_night_deletes_windows_and_scores(postgres_url: str) -> None:
    settings = Settings(timezone="America/New_York", _env_file=None)
    bring_up(postgres_url, settings)
    for database in opened(postgres_url):
        put_minutes(database, EVENING)
        put_minutes(database, NOW - timedelta(hours=1), minutes=30)
        before = history(database)
        assert night(postgres_url, settings) == {}
        old = "UPDATE days_seen SET seen_at = now() - interval '401 days' WHERE day < %s"
        database.connection.execute(old, (THURSDAY,))
        assert night(postgres_url, settings) == {"activity_windows": 480, "engagement_scores": 480}
        assert history(database) == before
        assert night(postgres_url, settings) == {}
        database.connection.execute(old, (ago(days=9),))
        assert night(postgres_url, settings) == {"activity_windows": 240, "engagement_scores": 240}
        assert history(database) == before


def test_windows_are_kept_for_longer_than_the_events_of_which_a_rebuild_makes_them_again() -> None:
    with pytest.raises(ValidationError, match="must be at least 104"):
        Settings(keep_activity_windows_days=103, _env_file=None)
    with pytest.raises(ValidationError, match="CLASSPULSE_KEEP_EVENTS_DAYS"):
        Settings(keep_events_days=400, _env_file=None)
    assert Settings(keep_engagement_scores_days=104, _env_file=None).keep_engagement_scores_days == 104


KEPT_OTHERWISE = {
    "consents": "as long as she is known: her word holds for what comes later",
    "memberships": "follow enrolments and their classes",
    "enrolment_classes": "go with their enrolment",
    "directory": "until a roster without her is loaded",
    "student_addresses": "until a roster without her is loaded",
    "reminder_opt_outs": "her own wish",
    "reminders": "90 days (alerting/reminders)",
    "erasure_requests": "until she is erased",
    "sessions_open": "until the session is closed",
    "access_audit": "CLASSPULSE_KEEP_ACCESS_AUDIT_DAYS",
}


def test_of_every_table_that_names_students_it_is_decided_how_long_it_is_kept(postgres_url: str) -> None:
    bring_up(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        found = {table.name for table in tables_of_students(connection)}
    decided = {*TIMES, *LAST_SEEN, *PLACES, *KEPT_OTHERWISE}
    assert found - decided == set()
    assert KEPT_OTHERWISE.keys() - found == set()
