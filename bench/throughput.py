"""Throughput of `engagement` with everything on, beside its ceiling and beside Bytewax's own windows.

Real Kafka (four partitions), TimescaleDB, 300-byte events of 20,000 students, one worker. The jobs take turns, several
times, so that all meet the same machine; medians count.
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.stack import Stack, machine, run, run_json, say, stack

TABLES = ("activity_windows", "student_state", "engagement_scores", "student_days")

TURNS: Final = (
    ("poll_decode", "large."),
    ("fold_window", "small."),
    ("fold_window_fed", "small."),
    ("windows", "large."),
)


def measure(
    *, events: int = 2_000_000, fold_events: int = 200_000, per_s: float = 2000, rounds: int = 3
) -> dict[str, Any]:
    """Runs the comparison.

    Args:
        events: Events of the log.
        fold_events: Events of the log that `fold_window` gets; it is too slow for the other.
        per_s: Density: events a second of event time. The fewer, the more rows there are to an event.
        rounds: How often each job runs.
    """
    with stack() as servers:
        published = {
            "large.": publish(servers, "large.", events, per_s),
            "small.": publish(servers, "small.", fold_events, per_s),
        }
        before = machine()
        results: dict[str, list[dict[str, float]]] = {}
        for number in range(rounds):
            for job, prefix in TURNS:
                results.setdefault(job, []).append(_job(servers, job, prefix))
            results.setdefault("engagement", []).append(_engagement(servers, "large.", f"round_{number}"))
        results["start"] = [_engagement(servers, "small.", f"start_{number}") for number in range(rounds)]
        return {
            "machine": before,
            "students": 20_000,
            "events_a_s_of_event_time": per_s,
            "published": published,
            **summary(results),
        }


def summary(results: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Returns medians and ratios.

    Args:
        results: By job, for each round, `events`, `wall_s` and `cpu_s`; the job `start` is `engagement` over the short
            log, which is taken off its figures: interpreter, imports, claims, and the loading of compiled code.
    """
    start_cpu = statistics.median(r["cpu_s"] for r in results["start"])
    start_wall = statistics.median(r["wall_s"] for r in results["start"])
    start_events = results["start"][0]["events"]
    report: dict[str, Any] = {"start_cpu_s": round(start_cpu, 2), "start_wall_s": round(start_wall, 2)}
    for job, rounds in results.items():
        if job == "start":
            continue
        off, off_cpu, off_wall = (start_events, start_cpu, start_wall) if job == "engagement" else (0, 0.0, 0.0)
        cpu = [(r["events"] - off) / (r["cpu_s"] - off_cpu) for r in rounds]
        wall = [(r["events"] - off) / (r["wall_s"] - off_wall) for r in rounds]
        report[job] = {
            "events": int(rounds[0]["events"]),
            "events_a_cpu_s": round(statistics.median(cpu)),
            "events_a_wall_s": round(statistics.median(wall)),
            "us_an_event": round(1e6 / statistics.median(cpu), 2),
            "each_round": [round(value) for value in cpu],
        }
    report["engagement"]["rows"] = results["engagement"][0]["rows"]
    report["engagement_with_start_events_a_wall_s"] = round(
        statistics.median(r["events"] / r["wall_s"] for r in results["engagement"])
    )
    rate = {job: report[job]["events_a_cpu_s"] for job in results if job != "start"}
    report["ratios"] = {
        "engagement_to_fold_window": round(rate["engagement"] / rate["fold_window"], 1),
        "engagement_to_fold_window_fed": round(rate["engagement"] / rate["fold_window_fed"], 1),
        "windows_to_fold_window": round(rate["windows"] / rate["fold_window"], 1),
        "engagement_to_poll_decode": round(rate["engagement"] / rate["poll_decode"], 2),
    }
    beyond = 1 / rate["windows"] - 1 / rate["poll_decode"]
    report["windows_without_poll_and_decode_events_a_cpu_s"] = round(1 / beyond) if beyond > 0 else None
    return report


def publish(servers: Stack, prefix: str, events: int, per_s: float, load: str = "plain") -> dict[str, Any]:
    """Writes a log into topics of its own."""
    servers.topics(prefix)
    say(f"publishing {events:,} events")
    env = servers.environment(prefix)
    return run_json(["-m", "bench.publish", "--events", str(events), "--per-s", str(per_s), "--load", load], env)


def _job(servers: Stack, job: str, prefix: str) -> dict[str, float]:
    return _reported(job, run_json(["-m", "bench.jobs", job], servers.environment(prefix)))


def _engagement(servers: Stack, prefix: str, database: str) -> dict[str, Any]:
    """Runs the whole flow as `classpulse run` does, into a database of its own."""
    servers.database(database)
    report: dict[str, Any] = run_flow(servers, prefix, database, "engagement")
    with psycopg.connect(servers.postgres.url(database)) as connection:
        counts = {t: connection.execute(f"SELECT count(*) FROM {t}").fetchone() for t in TABLES}  # noqa: S608
        report["rows"] = {table: row[0] for table, row in counts.items() if row}
    with psycopg.connect(servers.postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
    return _reported("engagement", report)


def run_flow(servers: Stack, prefix: str, database: str, flow: str, **more: str) -> dict[str, Any]:
    """Runs a flow over what the topics hold, one worker, with more settings; returns events, wall and CPU seconds."""
    env = servers.environment(prefix, database, **more)
    began = time.monotonic()
    run(["-m", "cli.main", "run", flow, "--until-caught-up"], env)
    wall_s = time.monotonic() - began
    stats = json.loads(Path(f"{env['CLASSPULSE_STATS_FILE']}.{flow}.0").read_text())
    return {"events": stats["events"], "wall_s": wall_s, "cpu_s": stats["cpu_s"]}


def _reported(job: str, report: dict[str, Any]) -> dict[str, Any]:
    cpu, wall = (report["events"] / report[clock] for clock in ("cpu_s", "wall_s"))
    say(f"{job}: {report['events']:,} events, {cpu:,.0f} a CPU second, {wall:,.0f} a wall second")
    return report
