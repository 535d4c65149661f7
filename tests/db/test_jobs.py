"""A job of TimescaleDB that fails or does not run is seen by SQL, by a metric and by the doctor."""

from __future__ import annotations

import psycopg
import pytest
from prometheus_client import REGISTRY

from dataflows.settings import Settings
from dataflows.sink.jobs import note_jobs
from health.database import check
from health.finding import Finding, State
from tests.waiting import until

PATIENCE_S = 90.0
FAILS = """
    CREATE PROCEDURE fails(job_id integer, config jsonb) LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the disk is made of cheese'; END $$
"""


@pytest.fixture
def url(migrated_timescale: str) -> str:
    """A migrated database whose scheduler rests."""
    return migrated_timescale


def jobs_finding(url: str) -> Finding:
    return next(one for one in check(Settings(database_url=url)) if one.check == "jobs")


def gauge(metric: str, name: str) -> float | None:
    return REGISTRY.get_sample_value(metric, {"name": name})


def test_jobs_that_have_not_failed_are_well(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs")
    assert jobs_finding(url).state is State.OK


def test_a_failing_job_is_named_with_its_error_by_view_metric_and_doctor(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs")
        connection.execute(FAILS)
        connection.execute("SELECT add_job('fails', '1 hour')")
        connection.execute("SELECT _timescaledb_functions.start_background_workers()")
        failing = "SELECT status, last_error FROM database_jobs WHERE name = 'fails'"
        until(lambda: connection.execute(failing).fetchone() == ("failing", "the disk is made of cheese"), PATIENCE_S)
    note_jobs(url)
    assert gauge("database_job_failing", "fails") == 1
    found = jobs_finding(url)
    assert found.state is State.WRONG
    assert "fails: the disk is made of cheese" in found.detail


def test_a_job_that_was_due_and_does_not_run_is_late(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs")
        connection.execute("CREATE PROCEDURE idles(job_id integer, config jsonb) LANGUAGE sql AS 'SELECT 1'")
        (job,) = connection.execute("SELECT add_job('idles', '1 hour')").fetchone() or (0,)
        connection.execute("SELECT alter_job(%s, next_start => now() - interval '11 minutes')", (job,))
    note_jobs(url)
    assert 660 <= (gauge("database_job_late_seconds", "idles") or 0) < 700
    found = jobs_finding(url)
    assert found.state is State.WRONG
    assert "idles was due 11 min ago" in found.detail


def test_a_job_that_is_gone_has_no_series_any_more(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE PROCEDURE passes(job_id integer, config jsonb) LANGUAGE sql AS 'SELECT 1'")
        (job,) = connection.execute("SELECT add_job('passes', '1 hour')").fetchone() or (0,)
        note_jobs(url)
        assert gauge("database_job_failing", "passes") == 0
        connection.execute("SELECT delete_job(%s)", (job,))
    note_jobs(url)
    assert gauge("database_job_failing", "passes") is None
