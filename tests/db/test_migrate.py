"""`migrate` on empty, current and odd databases."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from typer.testing import CliRunner

from cli.main import app
from dataflows.settings import Settings
from db import repeatable
from db.migrate import migrate
from db.target import UnsuitableDatabaseError
from tests.db.conftest import Database

TABLES = (
    "task_progress events activity_windows engagement_scores student_state student_days dead_letters anomalies"
    " classes class_staff terms periods enrolments directory content_items"
    " quiz_attempts learning_events memory_reviews memory_state revision_signal_facts"
).split()
AGGREGATES = "activity_1m activity_1h activity_1d engagement_by_class_1m module_performance_1d".split()


def test_a_second_migration_changes_nothing(any_database: str) -> None:
    first = migrate(any_database)
    second = migrate(any_database)
    assert (first.from_version, first.views_applied) == (None, True)
    assert (second.from_version, second.to_version, second.views_applied) == (first.to_version, first.to_version, False)
    assert second.database == first.database


def test_the_report_says_which_database_it_found(postgres_url: str, timescale_url: str) -> None:
    plain, timescale = migrate(postgres_url), migrate(timescale_url)
    assert (plain.database, plain.timescaledb_version) == ("postgresql", None)
    assert any("plain" in line for line in plain.lines())
    assert timescale.database == "timescaledb"
    assert str(timescale.timescaledb_version) in timescale.lines()[0]


def test_all_names_exist_on_both(database: Database) -> None:
    for name in (*TABLES, *AGGREGATES):
        assert database.values(f"SELECT count(*) FROM {name}") is not None


def test_an_empty_database_is_ready_within_ten_seconds_on_a_busy_machine(any_database: str) -> None:
    migrate_once = time.perf_counter()
    migrate(any_database)
    assert time.perf_counter() - migrate_once < 10


def test_concurrent_callers_wait_for_each_other(any_database: str) -> None:
    with ThreadPoolExecutor(4) as callers:
        reports = list(callers.map(lambda _: migrate(any_database), range(4)))
    assert sorted(report.views_applied for report in reports) == [False, False, False, True]


def test_the_extension_can_be_required_or_declined(postgres_url: str, timescale_url: str) -> None:
    with pytest.raises(UnsuitableDatabaseError, match="does not offer"):
        migrate(postgres_url, extension="require")
    assert migrate(timescale_url, extension="never").database == "postgresql"
    assert migrate(timescale_url).database == "postgresql"  # what it was made as, it stays


def test_another_time_zone_is_refused_since_days_would_mix(any_database: str) -> None:
    migrate(any_database, settings=Settings(timezone="Europe/Berlin"))
    with pytest.raises(UnsuitableDatabaseError, match="Europe/Berlin"):
        migrate(any_database, settings=Settings(timezone="UTC"))


@pytest.mark.parametrize(("timezone", "starts"), [("Europe/Berlin", "23:00"), ("Asia/Kolkata", "18:30")])
def test_days_of_aggregates_are_local(any_database: str, timezone: str, starts: str) -> None:
    migrate(any_database, settings=Settings(timezone=timezone))
    with psycopg.connect(any_database, options="-c timezone=UTC") as connection:
        connection.execute(
            "INSERT INTO activity_windows SELECT at, 'all', 'all', 0, 1, 1, 1 FROM"
            " generate_series(timestamptz '2026-01-13 00:00Z', '2026-01-13 23:59Z', '1 minute') at"
        )
        query = "SELECT to_char(bucket, 'HH24:MI'), events FROM activity_1d ORDER BY bucket"
        hours, minutes = map(int, starts.split(":"))
        first = hours * 60 + minutes
        assert connection.execute(query).fetchall() == [(starts, first), (starts, 24 * 60 - first)]


def test_changed_thresholds_reach_the_views(database: Database) -> None:
    assert migrate(database.url, settings=Settings(idle_after_s=120)).views_applied
    assert database.value("SELECT extract(epoch FROM classpulse_idle_after())") == 120


def test_a_view_that_changes_its_shape_is_replaced_and_one_that_is_gone_is_dropped(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        old = ["CREATE OR REPLACE VIEW a AS SELECT 1 AS x, 2 AS y;\nCREATE OR REPLACE VIEW b AS SELECT x FROM a;"]
        new = ["CREATE OR REPLACE VIEW a AS SELECT 'text' AS x;"]
        repeatable.apply(connection, old, [])
        repeatable.apply(connection, new, repeatable.created(old))
        assert connection.execute("SELECT * FROM a").fetchall() == [("text",)]
        assert connection.execute("SELECT to_regclass('b')").fetchone() == (None,)


def test_a_failed_migration_leaves_nothing(any_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = repeatable.scripts
    monkeypatch.setattr(repeatable, "scripts", lambda *a: [*real(*a), "SELECT no_such_column;"])
    with pytest.raises(psycopg.errors.UndefinedColumn):
        migrate(any_database)
    with psycopg.connect(any_database) as connection:
        assert connection.execute("SELECT to_regclass('events'), to_regclass('schema_version')").fetchone() == (
            None,
            None,
        )


def test_the_command_reports_and_fails_plainly(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    result = CliRunner().invoke(app, ["migrate"])
    assert result.exit_code == 0
    assert "plain PostgreSQL" in result.output
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE schema_version SET version_num = '9999'")
    older = CliRunner().invoke(app, ["migrate"])
    assert older.exit_code == 3
    assert "a newer version has migrated this database (schema 9999)" in older.stderr
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    failed = CliRunner().invoke(app, ["migrate"])
    assert failed.exit_code == 7
    assert "migrate:" in failed.stderr
