"""TimescaleDB's background jobs, mostly stopped: tests run them themselves."""

from __future__ import annotations

import psycopg

from tests.waiting import until

OURS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type NOT IN ('client backend', 'autovacuum worker', 'parallel worker', 'walsender')
"""


def stop_jobs(url: str) -> None:
    """Ends the scheduler of a database and what it runs; does nothing without the extension.

    Tests write rows of a day long past. Were an aggregate refreshed between two of them, the second would lie below
    what is materialised and be seen at the next refresh only, an hour later. A job that is still running would hold the
    locks that a test's own call of it wants.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone():
            connection.execute("SELECT _timescaledb_functions.stop_background_workers()")
            until(lambda: not connection.execute(OURS).fetchall())


def start_jobs(url: str) -> None:
    """Starts the scheduler of a copied database at once, not at its launcher's next look a minute later."""
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone():
            connection.execute("SELECT _timescaledb_functions.start_background_workers()")


def forget_runs(url: str) -> None:
    """Makes all jobs of a database ones that have never run."""
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone():
            connection.execute("DELETE FROM _timescaledb_internal.bgw_job_stat")
