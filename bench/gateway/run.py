"""The gateway and the plain route, one after the other, under the same load on the same Kafka."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import psutil

from bench.stack import Stack, machine, say, stack
from dataflows.ports import free_port

PREFIX: Final = "gateway."
BATCH: Final = 100
SERVERS: Final = {"gateway": ["-m", "cli.main", "serve"], "plain": ["-m", "bench.gateway.plain"]}


@dataclass(frozen=True, slots=True)
class Load:
    """One load.

    Attributes:
        batch: Events of a request.
        connections: Clients at once.
        requests: How many requests.
        per_s: Requests a second; 0 is as fast as answers come.
    """

    batch: int
    connections: int
    requests: int
    per_s: float = 0


def measure(*, rounds: int = 3, scale: float = 1.0) -> dict[str, Any]:
    """Returns, for both servers, events and requests a second and core, and times while acknowledged.

    A core is a second of the server's processor time, all its threads together: on a machine that is shared, the clock
    would measure the neighbours. Half of the aim is 25,000 events, or 2,000 requests, a second.
    """
    loads = {
        "batched": Load(BATCH, 8, int(3000 * scale)),
        "single": Load(1, 64, int(20_000 * scale)),
        "batched_at_25000_events_s": Load(BATCH, 32, int(5000 * scale), 250),
        "single_at_2000_s": Load(1, 128, int(20_000 * scale), 2000),
    }
    with stack() as servers:
        servers.topics(PREFIX)
        servers.database("gateway")
        found: dict[str, Any] = {"machine": machine()}
        for name in SERVERS:
            with served(servers, name) as (port, process):
                found[name] = {}
                for load in (Load(BATCH, 8, 100), Load(1, 64, 500)):
                    _play(port, process, load, rounds)  # what is done once is not measured
                for label, load in loads.items():
                    if name == "plain" and load.per_s:
                        continue
                    small = load if name == "gateway" else Load(load.batch, load.connections, load.requests // 10)
                    results = [_play(port, process, small, seed) for seed in range(rounds)]
                    say(f"{name} {label}: {results}")
                    found[name][label] = {key: statistics.median(r[key] for r in results) for key in results[0]}
        return found


@contextlib.contextmanager
def served(servers: Stack, name: str) -> Iterator[tuple[int, psutil.Process]]:
    """Runs one of the servers until it is done with."""
    port = free_port()
    own = {
        "CLASSPULSE_API_PORT": str(port),
        "CLASSPULSE_API_OPEN": "always",
        "CLASSPULSE_API_EVENTS_PER_S": "10000000",
        "CLASSPULSE_SPOOL_DIR": str(servers.folder / "spool"),
    }
    env = servers.environment(PREFIX, "gateway", **own)
    process = subprocess.Popen([sys.executable, *SERVERS[name]], env=env)  # noqa: S603
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=1).read()  # noqa: S310
                break
            time.sleep(0.1)
        yield port, psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def _play(port: int, process: psutil.Process, load: Load, seed: int) -> dict[str, float]:
    words = ["--port", port, "--requests", load.requests, "--batch", load.batch, "--connections", load.connections]
    words += ["--per-s", load.per_s, "--seed", time.time_ns() % 1_000_000 + seed]
    command = [sys.executable, "-m", "bench.gateway.clients", *map(str, words)]
    clients = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert clients.stdout and clients.stdin  # noqa: S101
    clients.stdout.readline()
    before = sum(process.cpu_times()[:2])
    out, _ = clients.communicate("\n")
    cpu_s = sum(process.cpu_times()[:2]) - before
    result: dict[str, float] = json.loads(out)
    events = result["requests"] * load.batch
    return result | {
        "events_per_s": round(events / result["seconds"]),
        "requests_per_core_s": round(result["requests"] / cpu_s),
        "events_per_core_s": round(events / cpu_s),
        "us_cpu_per_event": round(cpu_s / events * 1e6, 1),
    }
