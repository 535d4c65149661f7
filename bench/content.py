"""Throughput of `content` with everything on: real Kafka, TimescaleDB, one worker, a school that studies in shifts."""

from __future__ import annotations

import statistics
from typing import Any, Final

import psycopg

from bench.stack import Stack, machine, say, stack
from bench.throughput import publish, run_flow

TABLES: Final = (
    "sessions_open",
    "sessions_closed",
    "chapter_visit_facts",
    "video_views",
    "milestones",
    "student_click_days",
    "page_days",
)


def measure(*, events: int = 2_000_000, per_s: float = 200, rounds: int = 3) -> dict[str, Any]:
    """Runs the flow several times over one log.

    Args:
        events: Events of the log.
        per_s: Density: events a second of event time. A quarter of 20,000 students is at work at a time.
        rounds: How often; medians count.
    """
    with stack() as servers:
        published = publish(servers, "studying.", events, per_s, load="studying")
        before, results = machine(), [_once(servers, f"round_{number}") for number in range(rounds)]
        servers.topics("empty.")
        servers.database("empty")
        start = run_flow(servers, "empty.", "empty", "content")
    cpu = [r["events"] / (r["cpu_s"] - start["cpu_s"]) for r in results]
    wall = [r["events"] / (r["wall_s"] - start["wall_s"]) for r in results]
    return {
        "machine": before,
        "events_a_s_of_event_time": per_s,
        "published": published,
        "start_cpu_s": round(start["cpu_s"], 2),
        "events_a_cpu_s": round(statistics.median(cpu)),
        "us_an_event": round(1e6 / statistics.median(cpu), 2),
        "events_a_wall_s": round(statistics.median(wall)),
        "each_round": [round(value) for value in cpu],
        "rows": results[0]["rows"],
    }


def _once(servers: Stack, database: str) -> dict[str, Any]:
    servers.database(database)
    report = run_flow(servers, "studying.", database, "content")
    with psycopg.connect(servers.postgres.url(database)) as connection:
        counts = {t: connection.execute(f"SELECT count(*) FROM {t}").fetchone() for t in TABLES}  # noqa: S608
    report["rows"] = {table: row[0] for table, row in counts.items() if row}
    with psycopg.connect(servers.postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
    say(f"content: {report['events']:,} events, {report['events'] / report['cpu_s']:,.0f} a CPU second")
    return report
