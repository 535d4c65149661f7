"""Each role may do its job and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from dataflows import flows
from dataflows.scaffold import is_of_persons
from dataflows.settings import Settings
from db import repeatable
from db.access.logins import search_path
from db.access.rules import Hidden, SchoolOnly
from db.access.views import rules
from db.migrate import migrate
from tests.db.conftest import Database

FLOW_TABLES = (
    "task_progress events activity_windows engagement_scores student_state student_days dead_letters anomalies"
    " enrolments sessions_closed sessions_open chapter_visit_facts video_views milestones student_click_days page_days"
    " quiz_attempts learning_events calibrations memory_reviews memory_state revision_signal_facts"
).split()
ROSTER_TABLES = "classes class_staff terms periods directory content_items".split()
AGGREGATES = "activity_1m activity_1h activity_1d engagement_by_class_1m module_performance_1d".split()
AGGREGATES += "chapter_spread_1d chapter_time_1h chapter_time_1d course_time_1h course_spread_1d".split()
SCOPE_VIEWS = (
    "activity activity_trend class_chapter_activity activity_by_minute activity_by_hour activity_by_day active_now"
    " class_overview present_now engagement_by_class daily_activity class_list grade_list course_list course_titles"
    " data_freshness"
    " forgetting_by_cohort class_recall knowledge_gaps_by_cohort attempts_by_day module_performance score_distribution"
    " quiz_failure"
    " forgetting_summary knowledge_gap_summary quiz_failure_summary module_summary curve_changes memory_summary"
    " class_days_summary class_course_days_summary class_summary score_summary"
    " domain_popularity daily_logins"
    " chapter_analytics course_analytics course_drop_off_index chapter_time_by_hour chapter_time_by_day course_items"
    " course_time_by_hour chapter_time_spread course_time_spread chapter_time_distribution video_summary video_drop_off"
    " video_rewatch_peaks video_engagement clickstream_analytics top_pages scroll_distribution cohort_retention"
    " top_pages_by_week enrolment_revenue geography device_summary forum_activity event_quality late_additions"
    " todays_lessons alert_classes class_presence active_before idle_before quiz_questions chapter_reach chapter_pace"
).split()
PERSON_VIEWS = (
    "class_members class_elsewhere enrolled_courses student_live_metrics class_students student_names latest_events"
    " latest_named_events"
    " student_engagement memory_scores memory_history revision_signals student_attempts quiz_analytics"
    " revisions_waiting reviews_coming"
    " user_engagement next_modules knowledge_gaps sessions chapter_visits chapter_engagement_summary"
    " student_video_events student_video_views student_course_metrics student_course_completion"
    " student_analytics_profiles student_risk leaderboard student_risk_entries fast_readers student_active_days"
    " stuck_now student_predictions"
    " student_class_days student_streak handed_in class_member_days class_attempts"
).split()
DECLARED = [flow.load() for flow in flows.FLOWS if flow.is_declared]
FLOW_TABLES += [flow.table for flow in DECLARED]
SCOPE_VIEWS += [flow.name for flow in DECLARED if not is_of_persons(flow)]
PERSON_VIEWS += [flow.name for flow in DECLARED if is_of_persons(flow)]
PIPE_VIEWS = "flow_status recent_rejects recent_anomalies database_jobs late_waiting last_night".split()
OPEN = [flow.name for flow in DECLARED if not is_of_persons(flow)]
CLASS_VIEWS = [name for name, view in rules().items() if not isinstance(view.of_classes, SchoolOnly)]
SCHOOL_VIEWS = [name for name, view in rules().items() if not isinstance(view.of_school, Hidden)]
READERS = {
    "classpulse_reader_teacher": SCOPE_VIEWS + PERSON_VIEWS,
    "classpulse_reader_class": CLASS_VIEWS,
    "classpulse_reader_school": SCHOOL_VIEWS + OPEN,
    "classpulse_reader_ops": SCHOOL_VIEWS + OPEN + PIPE_VIEWS,
}
IN_PUBLIC = {
    "classpulse_reader_teacher": SCOPE_VIEWS + PERSON_VIEWS,
    "classpulse_reader_class": [],
    "classpulse_reader_school": OPEN,
    "classpulse_reader_ops": OPEN + PIPE_VIEWS,
}
"""What each may read in `public`; the rest lies in a schema of its own (`db.access.views`)."""


@contextmanager
def acting_as(database: Database, role: str) -> Iterator[None]:
    database.connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    database.connection.execute(f"SET search_path = {search_path(role)}".encode())
    yield
    database.connection.execute("RESET ROLE; RESET search_path")


def relations(database: Database) -> list[str]:
    """Returns every table and view of ours, and the chunks and materialised parts under them."""
    return [
        name
        for (name,) in database.values(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'v', 'm', 'p')"
            " AND relnamespace::regnamespace::text IN ('public', '_timescaledb_internal')"
            " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_class.oid AND d.deptype = 'e')"
        )
    ]


@pytest.mark.parametrize("role", READERS)
def test_a_reader_can_read_its_views_and_no_other_relation(database: Database, role: str) -> None:
    database.student("ann", database.value("SELECT classpulse_now()"))
    counts = {"events": 1, "active_students": 1, "active_5m": 1}
    now = database.value("SELECT classpulse_now()")
    database.put("activity_windows", {"window_start": now, "scope": "all", "scope_id": "all", "task": 0, **counts})
    everything = relations(database)
    assert {*FLOW_TABLES, *ROSTER_TABLES, *AGGREGATES} < set(everything)
    with acting_as(database, role):
        for view in READERS[role]:
            database.values(f"SELECT * FROM {view}")
        assert database.value("SELECT classpulse_now()") is not None
        for relation in set(everything) - set(IN_PUBLIC[role]) - {"data_clock"}:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                database.values(f"SELECT 1 FROM {relation if '.' in relation else f'public.{relation}'} LIMIT 0")
        for statement in (
            "CREATE TEMP TABLE t ()",
            "CREATE TABLE public.t ()",
            "DELETE FROM activity",
            "CREATE VIEW v AS SELECT 1",
        ):
            with pytest.raises(psycopg.Error):
                database.connection.execute(statement.encode())


def test_every_view_that_a_reader_may_read_is_a_security_barrier(database: Database) -> None:
    names = {f"public.{name}" for views in IN_PUBLIC.values() for name in views}
    names |= {f"my_classes.{name}" for name in CLASS_VIEWS} | {f"school.{name}" for name in SCHOOL_VIEWS}
    found = (
        "SELECT relnamespace::regnamespace || '.' || relname FROM pg_class"
        " WHERE 'security_barrier=true' = ANY (reloptions)"
    )
    assert names <= {name for (name,) in database.values(found)}


def test_every_view_of_teachers_has_its_rules(database: Database) -> None:
    granted = "SELECT table_name FROM information_schema.role_table_grants WHERE grantee = 'classpulse_reader_teacher'"
    assert {name for (name,) in database.values(granted)} == set(rules())


def test_the_writer_can_stage_and_upsert_flow_tables_and_nothing_else(database: Database) -> None:
    with acting_as(database, "classpulse_writer"):
        for table in FLOW_TABLES:
            database.connection.execute(f"CREATE TEMP TABLE stage_{table} AS SELECT * FROM {table} LIMIT 0".encode())
            database.connection.execute(
                f"INSERT INTO {table} SELECT * FROM stage_{table} ON CONFLICT DO NOTHING".encode()
            )
            database.connection.execute(f"DELETE FROM {table}".encode())
        for day in ("2019-01-01", "2026-01-01"):  # a new chunk each
            database.put("student_days", {"day": day, "student_id": "s", "minutes_active": 1, "interactions": 1})
        database.connection.execute("UPDATE student_days SET interactions = 2")
        for relation in (*ROSTER_TABLES, *AGGREGATES, "student_names", "class_students"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                database.values(f"SELECT 1 FROM {relation} LIMIT 0")
        for statement in ("DROP TABLE events", "TRUNCATE events", "UPDATE schema_version SET version_num = '0'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                database.connection.execute(statement.encode())


def test_a_barrier_view_leaks_no_row_to_a_cheap_function(database: Database) -> None:
    now = database.value("SELECT classpulse_now()")
    base = {
        "event_name": "scroll",
        "topic": "t",
        "partition": 0,
        "kafka_offset": 1,
        "ingested_at": now,
        "event_time": now,
    }
    database.put("events", {**base, "event_id": "a", "student_id": "ann", "role": "student"})
    database.put("events", {**base, "event_id": "b", "student_id": "secret", "role": "teacher"})
    with acting_as(database, "classpulse_reader_teacher"):
        query = "SELECT student_id FROM latest_events WHERE student_id <> 'secret' OR 1 / (length(student_id) - 6) > 0"
        assert database.values(query) == [("ann",)]


@pytest.fixture
def owner_url(any_database: str) -> Iterator[str]:
    """A new database on the same server, owned by a login that may not create roles."""
    with psycopg.connect(any_database, autocommit=True) as admin:
        name = f"owner_of_{admin.info.dbname}"
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'".encode())
        admin.execute(f"CREATE DATABASE {name} OWNER {name}".encode())
        yield psycopg.conninfo.make_conninfo(any_database, dbname=name, user=name, password="x")
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        admin.execute(f"DROP ROLE {name}".encode())


def test_a_user_who_may_not_create_roles_is_told_so_and_goes_on(
    owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = repeatable.scripts
    missing = "classpulse_reader_nobody_made"  # roles belong to the server: other tests made the real ones
    monkeypatch.setattr(
        repeatable, "scripts", lambda *a: [text.replace("classpulse_reader_school", missing) for text in real(*a)]
    )
    report = migrate(owner_url, settings=Settings())
    assert [note for note in report.notes if missing in note and "create it and migrate again" in note]
    assert migrate(owner_url, settings=Settings()).views_applied is False


def test_the_owner_need_not_be_a_superuser(owner_url: str) -> None:
    report = migrate(owner_url, settings=Settings())
    assert not [note for note in report.notes if "owner may" in note]
    with psycopg.connect(owner_url) as owner:
        query = "SELECT count(*) FROM active_now"
        assert owner.execute(query).fetchone() == (1,)
