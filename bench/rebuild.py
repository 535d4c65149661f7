"""How fast a flow is rebuilt from the lake alone: `classpulse bench rebuild`, on servers of its own.

The log is read live by the flow and by `lake`, and compacted; the archive never ran. A dry run then plays the past,
writes the shadow's rows and compares them: all that a rebuild does but exchange rows that differ, of which there are
none.
"""

from __future__ import annotations

import resource
import time
from typing import Any

import psycopg

from bench.stack import machine, run, say, stack
from bench.throughput import publish, run_flow


def measure(*, events: int, per_s: float, flow: str) -> dict[str, Any]:
    """Returns events a minute, and microseconds of the command's own CPU an event.

    Args:
        events: Events of the log.
        per_s: Events per second of event time.
        flow: What is rebuilt.
    """
    with stack() as servers:
        publish(servers, "past.", events, per_s)
        servers.database("past")
        lake = {"CLASSPULSE_LAKE_URL": str(servers.folder / "lake"), "POLARS_MAX_THREADS": "2"}
        for name in (flow, "lake"):
            say(f"running {name}")
            run_flow(servers, "past.", "past", name, **lake)
        run(["-m", "cli.main", "lake", "compact", "--all"], servers.environment("past.", "past", **lake))
        with psycopg.connect(servers.postgres.url("past")) as connection:
            held = connection.execute(
                "SELECT sum(events)::bigint FROM lake_files WHERE zone = 'events' AND replaced_at IS NULL"
            ).fetchone()
        count = held[0] if held else 0
        say(f"rebuilding {flow} from {count:,} events")
        cpu, wall = _cpu_s(), time.monotonic()
        run(["-m", "cli.main", "rebuild", flow, "--dry-run"], servers.environment("past.", "past", **lake))
        cpu, wall = _cpu_s() - cpu, time.monotonic() - wall
    return {
        "flow": flow,
        "events": count,
        "wall_s": round(wall, 1),
        "events_a_minute": round(count / wall * 60),
        "us_per_event": round(cpu / count * 1e6, 2),
        "machine": machine(),
    }


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
