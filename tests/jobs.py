"""TimescaleDB's background jobs, stopped: tests run them themselves."""

from __future__ import annotations

import psycopg


def stop_jobs(url: str) -> None:
    """Ends the scheduler of a database and what it runs; does nothing without the extension.

    Tests write rows of a day long past. Were an aggregate refreshed between two of them, the second would lie below
    what is materialised and be seen at the next refresh only, an hour later.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'").fetchone():
            connection.execute("SELECT _timescaledb_functions.stop_background_workers()")
