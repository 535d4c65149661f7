"""What TimescaleDB's jobs do every few minutes, done once and now: for results that somebody is waiting for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

MAY = """
SELECT pg_has_role(tableowner, 'USAGE') FROM pg_tables WHERE schemaname = 'public' AND tablename = 'schema_state'
"""
AGGREGATES = """
SELECT j.job_id, a.view_name
FROM timescaledb_information.jobs j
JOIN timescaledb_information.continuous_aggregates a
  ON a.materialization_hypertable_schema = j.hypertable_schema AND a.materialization_hypertable_name = j.hypertable_name
WHERE j.proc_name = 'policy_refresh_continuous_aggregate' AND a.view_schema = 'public'
ORDER BY j.job_id
"""
"""In the order of their making: hours stand on minutes, and days on hours."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What was done.

    Attributes:
        allowed: Whether this user may; else the jobs do it in their own time.
        steps: How many aggregates and summaries were computed; none on plain PostgreSQL, whose views are never old.
    """

    allowed: bool
    steps: int


def refresh(database_url: str, show: Callable[[int, int, str], object] = lambda *_: None) -> Refreshed:
    """Brings aggregates and summaries up to what the tables hold.

    Args:
        database_url: A user who owns them: the one that `classpulse migrate` was called as, or a member of it.
        show: Called before each step with how many are done, how many there are, and its name.

    Raises:
        psycopg.Error: Where the database does not do it.
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        if not _value(connection, MAY):
            return Refreshed(allowed=False, steps=0)
        if not _value(connection, "SELECT true FROM schema_state WHERE kind = 'timescaledb'"):
            return Refreshed(allowed=True, steps=0)
        jobs = connection.execute(AGGREGATES.encode()).fetchall()
        calls = [(name, f"CALL run_job({int(job)})") for job, name in jobs]
        calls += [("summaries", "CALL refresh_summaries()"), ("students at risk", "CALL note_risks()")]
        for done, (name, call) in enumerate(calls):
            show(done, len(calls), name)
            connection.execute(call.encode())
        return Refreshed(allowed=True, steps=len(calls))


def _value(connection: psycopg.Connection[Any], query: str) -> Any:  # noqa: ANN401 - whatever the column holds
    row = connection.execute(query.encode()).fetchone()
    return None if row is None else row[0]
