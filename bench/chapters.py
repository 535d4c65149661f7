"""Five million chapter visits a day for a week: how long the chapters board's queries take, what the data weigh."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg

from bench.stack import machine, say
from bench.visits import School, load_items, load_visits
from dataflows.settings import Settings
from db.migrate import migrate
from grafana import queries
from local.postgres import Postgres

SHOWN: Final = {"chapters_shown": 20, "courses_shown": 20, "students_least": 10}
PANELS: Final = ("time", "distribution", "average_median", "highest_drop", "courses", "hours")
AGGREGATES: Final = ("chapter_time_1h", "chapter_time_1d", "course_time_1h", "chapter_spread_1d", "course_spread_1d")
ALL: Final = "'__all'"


def measure(*, scale: float = 1.0, days: int = 7, runs: int = 20, plans: Path | None = None) -> dict[str, Any]:
    """Loads the visits, brings aggregates and summaries up to date, and times every panel's query.

    Each query is asked as the readers' role, for all courses and for one course (another one each time); first right
    after a restart of the server, then `runs` times.

    Args:
        scale: 1 = five million visits a day.
        days: Days of visits.
        runs: Runs of each query that count.
        plans: A folder that gets each query's plan as the server ran it.
    """
    school = School(scale, days)
    before = machine()
    with server() as postgres:
        report: dict[str, Any] = {"machine": before, "visits": school.visits_a_day * days, "runs": runs}
        report["seconds"] = _fill(postgres, school)
        report["sizes_mb"] = _sizes(postgres)
        report["panels_ms"] = _panels(postgres, school, runs, plans)
        report["seconds"]["columnstore"] = _to_columnstore(postgres)
        report["sizes_mb_columnstore"] = _sizes(postgres)
        report["panels_ms_columnstore"] = _panels(postgres, school, runs, None)
    return report


@contextmanager
def server() -> Iterator[Postgres]:
    """Starts a TimescaleDB of the measurement's own and removes it afterwards."""
    with tempfile.TemporaryDirectory(prefix="classpulse-bench-") as name:
        Path(name).chmod(0o711)
        postgres = Postgres(Path(name), say, timescaledb=True)
        try:
            postgres.start()
            yield postgres
        finally:
            postgres.destroy()


def connect(postgres: Postgres) -> psycopg.Connection[tuple[Any, ...]]:
    """Returns a session at UTC, whose statements commit one by one."""
    return psycopg.connect(postgres.url(), autocommit=True, options="-c timezone=UTC")


def _fill(postgres: Postgres, school: School) -> dict[str, float]:
    migrate(postgres.url(), settings=Settings(_env_file=None), extension="require")
    seconds: dict[str, float] = {}
    with connect(postgres) as connection:
        connection.execute(
            "SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs WHERE job_id >= 1000"
        )
        load_items(connection, school)
        connection.execute("CALL refresh_visits()")  # the rules are known: no aggregate is computed twice
        began = time.monotonic()
        for done in load_visits(connection, school):
            if done % 1_000_000 == 0:
                say(f"{done:,} visits after {time.monotonic() - began:.0f} s")
        seconds["load"] = round(time.monotonic() - began, 1)
        for aggregate in AGGREGATES:
            seconds[aggregate] = _timed(connection, f"CALL refresh_continuous_aggregate('{aggregate}', NULL, NULL)")
        seconds["analyze"] = _timed(connection, "VACUUM ANALYZE")
        seconds["summaries"] = _timed(connection, "CALL refresh_summaries()")
        for name, took in connection.execute("SELECT name, extract(epoch FROM took) FROM summary_runs"):
            seconds[name] = round(float(took), 1)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
    say(f"filled: {seconds}")
    return seconds


def _timed(connection: psycopg.Connection[tuple[Any, ...]], statement: str) -> float:
    began = time.monotonic()
    connection.execute(statement.encode())
    return round(time.monotonic() - began, 1)


def _to_columnstore(postgres: Postgres) -> float:
    with connect(postgres) as connection:
        began = time.monotonic()
        for table in ("chapter_visit_facts",):
            for (chunk,) in connection.execute("SELECT show_chunks(%s)::text", (table,)).fetchall():
                connection.execute("CALL convert_to_columnstore(%s::regclass, if_not_columnstore => true)", (chunk,))
        connection.execute("VACUUM ANALYZE")
        return round(time.monotonic() - began, 1)


def _sizes(postgres: Postgres) -> dict[str, float]:
    """Returns megabytes on disk, indexes included."""
    statement = (
        "SELECT coalesce(sum(total_bytes), 0) / 1e6 FROM hypertable_detailed_size(coalesce("
        "(SELECT format('%%I.%%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass"
        " FROM timescaledb_information.continuous_aggregates WHERE view_name = %(name)s), %(name)s::regclass))"
    )
    with connect(postgres) as connection:
        rows = {
            name: connection.execute(statement.encode(), {"name": name}).fetchone()
            for name in ("chapter_visit_facts", *AGGREGATES)
        }
    return {name: round(float(row[0]), 1) for name, row in rows.items() if row}


def _panels(postgres: Postgres, school: School, runs: int, plans: Path | None) -> dict[str, dict[str, float]]:
    """Returns p50, p95 and the slowest of each query, and the first after a restart."""
    rng = random.Random(1)  # noqa: S311
    found = {}
    for panel in PANELS:
        for choice in ("all courses", "one course"):

            def queried(panel: str = panel, choice: str = choice) -> str:
                course = f"'c{rng.randrange(school.courses):04}'"
                return statement(panel, school, ALL if choice == "all courses" else course)

            postgres.stop()
            postgres.start()
            first = _milliseconds(postgres, [queried()])
            warm = _milliseconds(postgres, [queried() for _ in range(runs)])
            found[f"{panel}, {choice}"] = {
                "first": first[0],
                "p50": round(float(np.percentile(warm, 50)), 1),
                "p95": round(float(np.percentile(warm, 95)), 1),
                "max": max(warm),
            }
            say(f"{panel}, {choice}: {found[f'{panel}, {choice}']}")
            if plans is not None:
                _keep_plan(postgres, plans / f"{panel}-{choice.split()[0]}.txt", queried())
    return found


def statement(panel: str, school: School, courses: str) -> str:
    """Returns a panel's query as it reaches the database, over the whole time."""
    sql = queries.load(f"chapters/{panel}", **SHOWN).replace("${course:sqlstring}", courses)
    since = school.end - timedelta(days=school.days)
    span = f"bucket BETWEEN '{since.isoformat()}' AND '{school.end.isoformat()}'"
    return sql.replace("$__timeFilter(bucket)", span)


def _milliseconds(postgres: Postgres, statements: list[str]) -> list[float]:
    with connect(postgres) as connection:
        connection.execute("SET ROLE classpulse_reader_teacher")
        connection.execute("SELECT 1")
        times = []
        for text in statements:
            began = time.perf_counter()
            connection.execute(text.encode()).fetchall()
            times.append(round(1000 * (time.perf_counter() - began), 1))
    return times


def _keep_plan(postgres: Postgres, path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with connect(postgres) as connection:
        lines = connection.execute(b"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) " + text.encode()).fetchall()
    path.write_text("\n".join(str(line) for (line,) in lines) + "\n")
