"""Both statements of every learning alert over a school of 20,000 students in 700 classes, as the readers' role."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg

from alerting.limits import Limits
from alerting.rules import RULES
from bench.boards.run import fill
from bench.boards.school import School
from bench.chapters import connect, server
from bench.stack import machine, say
from local.postgres import Postgres

ROLE: Final = "classpulse_reader_teacher"
RISK: Final = """
INSERT INTO risk_entries (student_id, course_id, entered_at, class_id, score, reasons)
SELECT student_id, course_id, classpulse_now() - interval '1 hour', class_id, 0.7, '{missed a due date}'
FROM enrolments WHERE right(md5(student_id), 2) < '10' ON CONFLICT DO NOTHING
"""
"""Each sixteenth student came to be at risk: a database filled at once has no past that the job could have seen."""


def measure(*, scale: float = 1.0, days: int = 30, runs: int = 20, keep: Path | None = None) -> dict[str, Any]:
    """Fills a database as `bench boards` does, or takes the one that it kept, and asks every rule.

    Args:
        scale: 1 = 20,000 students.
        days: Days of history.
        runs: Runs of each statement that count; one before them does not.
        keep: A folder with a database that `bench boards --keep` has filled.
    """
    report: dict[str, Any] = {"machine": machine(), "days": days, "runs": runs}
    if keep is not None:
        postgres = Postgres(keep, say, timescaledb=True)
        postgres.start()
        return report | {"rules": _rules(postgres, runs)}
    with server() as postgres:
        report["seconds"] = fill(postgres.url(), School(scale, days))
        return report | {"rules": _rules(postgres, runs)}


def _rules(postgres: Postgres, runs: int) -> dict[str, Any]:
    limits, found = Limits(_env_file=None), {}
    with connect(postgres) as connection:
        connection.execute(RISK.encode())
        connection.execute(f"SET ROLE {ROLE}".encode())
        for rule in RULES:
            statements = {"condition": rule.condition(limits), "words": rule.wording(limits)}
            found[rule.name] = {name: _asked(connection, sql, runs) for name, sql in statements.items()}
            say(f"{rule.name}: {found[rule.name]}")
    return found


def _asked(connection: psycopg.Connection[Any], sql: str, runs: int) -> dict[str, float]:
    """Returns rows, how many of their values are 1, and milliseconds."""
    times, rows = np.empty(runs), []
    for run in range(-1, runs):
        began = time.perf_counter()
        rows = connection.execute(sql.encode()).fetchall()
        if run >= 0:
            times[run] = 1000 * (time.perf_counter() - began)
    p50, p95 = (round(float(np.percentile(times, share)), 1) for share in (50, 95))
    return {"rows": len(rows), "ones": sum(row[-1] == 1 for row in rows), "p50": p50, "p95": p95}
