"""Every panel's query over 30 days of 20,000 students, as the readers' role, and each board's sum."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg

from bench.boards import day as boards_day
from bench.boards import month as boards_month
from bench.boards import roster as boards_roster
from bench.boards.rows import copy
from bench.boards.school import NOW, School
from bench.chapters import connect, server
from bench.stack import machine, say
from dataflows.settings import Settings
from db.access.logins import search_path
from db.migrate import migrate
from grafana import committed
from grafana.macros import expanded
from local.postgres import Postgres

AGGREGATES: Final = ("activity_1m", "activity_1h", "activity_1d", "engagement_by_class_1m", "module_performance_1d")
SPANS: Final = {
    "live_class": timedelta(hours=1),
    "chapters": timedelta(days=28),
    "memory": timedelta(days=28),
    "overview": timedelta(days=28),
    "student": timedelta(days=28),
    "school": timedelta(days=28),
    "pipeline": timedelta(hours=1),
}
AHEAD: Final = {"memory": timedelta(days=7)}
Chosen = dict[str, list[str]]


def measure(
    *, scale: float = 1.0, days: int = 30, runs: int = 20, keep: Path | None = None, plans: Path | None = None
) -> dict[str, Any]:
    """Fills a database, then asks each board's queries one after another.

    Args:
        scale: 1 = 20,000 students.
        days: Days of history.
        runs: Runs of each query that count; one before them does not.
        keep: A folder in which the server stays, running, for the next call and for whoever wants its address.
        plans: A folder that gets the plan of each query.
    """
    school, before = School(scale, days), machine()
    with _server(keep) as postgres:
        report: dict[str, Any] = {"machine": before, "students": school.students, "days": days, "runs": runs}
        if not _is_filled(postgres):
            report["seconds"] = fill(postgres.url(), school)
        report["boards"] = {
            f"{board}, {name}": ask(postgres, board, chosen, runs, plans)
            for board in SPANS
            for name, chosen in choices(school, board).items()
        }
    return report


def choices(school: School, board: str) -> dict[str, Chosen]:
    """Returns what is chosen at the top of a board: the widest, and what a teacher looks at."""
    class_id = school.class_ids()[school.classes // 2]
    course = f"math-{class_id.split('-')[0]}"
    student = school.student_ids()[int(np.flatnonzero(school.class_of == school.classes // 2)[3])]
    narrow: dict[str, Chosen] = {
        "chapters": {"course": [course]},
        "school": {"course": [course]},
        "student": {"student": [student]},
        "pipeline": {},
    }
    wide = {} if board in {"student", "pipeline"} else {"all": Chosen()}
    return wide | {"one": narrow.get(board, {"class": [class_id]})}


def fill(url: str, school: School) -> dict[str, float]:
    """Migrates a database, writes the month, and brings aggregates and summaries up to date.

    Returns:
        Seconds of each step.
    """
    migrate(url, settings=Settings(_env_file=None), extension="require")
    seconds: dict[str, float] = {}
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
        connection.execute(
            "SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs WHERE job_id >= 1000"
        )
        connection.execute(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET classpulse.clock = data', current_database()); END $$"
        )
        connection.execute("SET classpulse.clock = 'data'")
        for part in (boards_roster, boards_day, boards_month):
            seconds[part.__name__] = _load(connection, part.tables(school))
        for aggregate in AGGREGATES:
            seconds[aggregate] = _timed(connection, f"CALL refresh_continuous_aggregate('{aggregate}', NULL, NULL)")
        connection.execute("VACUUM ANALYZE")
        seconds["summaries"] = _timed(connection, "CALL refresh_summaries()")
        connection.execute("VACUUM ANALYZE")
        connection.execute("CREATE TABLE bench_filled ()")
    say(f"filled: {seconds}")
    return seconds


def _load(connection: psycopg.Connection[Any], tables: Iterator[tuple[str, Any]]) -> float:
    began, rows = time.monotonic(), 0
    for table, frame in tables:
        rows += copy(connection, table, frame)
    took = time.monotonic() - began
    say(f"{rows:,} rows after {took:.0f} s")
    return round(took, 1)


def _timed(connection: psycopg.Connection[Any], statement: str) -> float:
    began = time.monotonic()
    connection.execute(statement.encode())
    return round(time.monotonic() - began, 1)


def ask(postgres: Postgres, board: str, chosen: Chosen, runs: int, plans: Path | None) -> dict[str, Any]:
    """Returns p50 and p95 of each panel's query, and of the sums of all of them, in milliseconds."""
    span = (NOW - SPANS[board], NOW + AHEAD.get(board, timedelta()))
    statements = {title: as_sent(sql, span, chosen) for title, sql in committed.statements(board).items()}
    times = {title: np.empty(runs) for title in statements}
    with connect(postgres) as connection:
        reader = committed.READERS[committed.folder(board)]
        connection.execute(f"SET ROLE {reader}; SET search_path = {search_path(reader)}".encode())
        for run in range(-1, runs):
            for title, sql in statements.items():
                began = time.perf_counter()
                connection.execute(sql.encode()).fetchall()
                if run >= 0:
                    times[title][run] = 1000 * (time.perf_counter() - began)
        if plans is not None:
            _keep_plans(connection, plans / f"{board}-{'one' if chosen else 'all'}", statements)
    found: dict[str, Any] = {"sum": _spread(np.sum(list(times.values()), axis=0))}
    found |= {title: _spread(values) for title, values in times.items()}
    say(f"{board} {chosen}: {found['sum']}")
    return found


def as_sent(sql: str, span: tuple[datetime, datetime], chosen: Chosen) -> str:
    """Returns a statement as it reaches the database."""
    return expanded(sql, chosen, time_range=span)


def _spread(values: np.ndarray[Any, Any]) -> dict[str, float]:
    return {"p50": round(float(np.percentile(values, 50)), 1), "p95": round(float(np.percentile(values, 95)), 1)}


def _keep_plans(connection: psycopg.Connection[Any], folder: Path, statements: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for title, sql in statements.items():
        lines = connection.execute(b"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) " + sql.encode()).fetchall()
        (folder / f"{title.replace('/', '-')}.txt").write_text("\n".join(str(line) for (line,) in lines) + "\n")


@contextmanager
def _server(keep: Path | None) -> Iterator[Postgres]:
    """Starts a TimescaleDB: one that goes with us, or one that stays in a folder."""
    if keep is None:
        with server() as postgres:
            yield postgres
        return
    keep.mkdir(parents=True, exist_ok=True)
    keep.chmod(0o711)
    postgres = Postgres(keep, say, timescaledb=True)
    postgres.start()
    say(f"the database stays at {postgres.url()}")
    yield postgres


def _is_filled(postgres: Postgres) -> bool:
    with connect(postgres) as connection:
        return connection.execute("SELECT to_regclass('bench_filled') IS NOT NULL").fetchone() == (True,)
