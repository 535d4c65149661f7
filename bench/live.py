"""A live deployment under load, watched: workers, ticks and a paced publisher as processes of their own."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from confluent_kafka import Consumer, TopicPartition

from bench.stack import Stack, say

FLOWS = ("engagement", "archive")
TOPIC = "clickstream_events"
DATABASE = "live"
PREFIX = "live."
_PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen at one instant.

    Attributes:
        at_s: Seconds since the load began.
        rss_mb: Resident memory of each flow's worker, in MB.
        cpu_s: CPU seconds of each flow's worker so far.
        behind: Records in the log that each flow has not committed yet; None while the database is away.
    """

    at_s: float
    rss_mb: dict[str, float]
    cpu_s: dict[str, float]
    behind: dict[str, int] | None


@dataclass
class Live:
    """The running deployment.

    Attributes:
        servers: Kafka and PostgreSQL.
        env: The workers' environment.
        workers: The worker process of each flow.
        samples: What was seen, one a second.
    """

    servers: Stack
    env: dict[str, str]
    workers: dict[str, psutil.Process]
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Opens the consumer that asks for the log's ends."""
        self._ends = Consumer({"bootstrap.servers": self.servers.kafka.bootstrap, "group.id": "bench", "log_level": 0})
        self._began = time.monotonic()

    def close(self) -> None:
        """Leaves the broker."""
        self._ends.close()

    def begin(self) -> None:
        """Sets the clock of the samples to zero."""
        self._began = time.monotonic()

    @property
    def now_s(self) -> float:
        """Seconds since the load began."""
        return time.monotonic() - self._began

    def behind(self) -> dict[str, int] | None:
        """Returns how many clickstream records each flow has not committed, or None while the database is away."""
        topic = f"{PREFIX}{TOPIC}"
        ends = [self._ends.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1] for p in range(4)]
        try:
            with psycopg.connect(self.servers.postgres.url(DATABASE), connect_timeout=2) as connection:
                rows = connection.execute(
                    "SELECT flow, sum(coalesce((offsets ->> %s)::bigint, 0)) FROM task_progress GROUP BY flow", [topic]
                ).fetchall()
        except psycopg.OperationalError:
            return None
        return {flow: int(sum(ends) - committed) for flow, committed in rows}

    def watch(self) -> Sample:
        """Takes a sample."""
        sample = Sample(
            round(self.now_s, 1),
            {flow: round(p.memory_info().rss / 1e6, 1) for flow, p in self.workers.items()},
            {flow: round(sum(p.cpu_times()[:2]), 1) for flow, p in self.workers.items()},
            self.behind(),
        )
        self.samples.append(sample)
        return sample

    def stats(self, flow: str) -> dict[str, Any]:
        """Returns what the flow's worker measured; it has ended."""
        stats: dict[str, Any] = json.loads(Path(f"{self.env['CLASSPULSE_STATS_FILE']}.{flow}.0").read_text())
        return stats

    def count(self, query: str) -> int:
        """Returns the one number that a query gives."""
        with psycopg.connect(self.servers.postgres.url(DATABASE)) as connection:
            row = connection.execute(query).fetchone()
        return int(row[0]) if row and row[0] is not None else 0


@contextlib.contextmanager
def live(servers: Stack, flows: tuple[str, ...] = FLOWS) -> Iterator[Live]:
    """Starts workers and ticks and waits until every task is claimed; ends them at the end, where they still run.

    Args:
        servers: Kafka and PostgreSQL.
        flows: What is to run, a worker each.
    """
    servers.topics(PREFIX)
    servers.database(DATABASE)
    env = servers.environment(PREFIX, DATABASE)
    workers = _start(["run", *flows], env)
    ticks = _start(["tick"], env)
    try:
        wait_until(lambda: len(_workers(workers, flows)) == len(flows), "the workers to start")
        running = Live(servers, env, _workers(workers, flows))
        begun = "SELECT count(*) FROM task_progress WHERE offsets <> '{}'"
        wait_until(lambda: running.count(begun) == 4 * len(flows), "the first commits")
        yield running
        running.close()
    finally:
        for process in (ticks, workers):
            end(process)


def end(process: subprocess.Popen[bytes]) -> int:
    """Ends a process cleanly and returns its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    return process.wait(60)


def publisher(env: dict[str, str], rate: float, seconds: float, load: str = "plain") -> subprocess.Popen[bytes]:
    """Starts the paced publisher."""
    command = [sys.executable, "-m", "bench.publish", "--rate", str(rate), "--seconds", str(seconds), "--load", load]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE)  # noqa: S603


def watch_while(running: Live, going: Callable[[], bool]) -> None:
    """Takes a sample a second while `going()`."""
    while going():
        sample = running.watch()
        if len(running.samples) % 30 == 1:
            say(f"{sample.at_s:.0f} s: behind {sample.behind}, memory {sample.rss_mb} MB")
        time.sleep(1)


def settled(running: Live) -> float:
    """Waits until everything in the log is committed by every flow; returns how many seconds that took."""
    began = time.monotonic()
    # Ticks go on, so that a handful of records is always on its way.
    wait_until(lambda: all(n < 50 for n in (running.behind() or {"": 50}).values()), "the flows to catch up")
    return time.monotonic() - began


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Waits for a condition.

    Raises:
        TimeoutError: It did not come.
    """
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > _PATIENCE_S:
            text = f"waited {_PATIENCE_S:.0f} s for {what}"
            raise TimeoutError(text)
        time.sleep(0.2)


def _start(arguments: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "cli.main", *arguments], env=env, stdout=sys.stderr)  # noqa: S603


def _workers(parent: subprocess.Popen[bytes], flows: tuple[str, ...]) -> dict[str, psutil.Process]:
    found: dict[str, psutil.Process] = {}
    for child in psutil.Process(parent.pid).children():
        with contextlib.suppress(psutil.Error):
            found |= {flow: child for flow in flows if flow in child.cmdline()}
    return found


def accounted(running: Live, sent: dict[str, Any]) -> dict[str, Any]:
    """Returns whether every published event is in the tables, once.

    Args:
        running: The deployment, settled.
        sent: What the publisher reported.
    """
    return {
        "published": sent["sent"],
        "published_distinct": sent["distinct"],
        "events": running.count("SELECT count(*) FROM events"),
        "counted_in_windows": running.count("SELECT sum(events) FROM activity_windows WHERE scope = 'all'"),
        "dead_letters": running.count("SELECT count(*) FROM dead_letters"),
    }


def load_report(running: Live, since: Sample | None = None) -> dict[str, Any]:
    """Returns memory and CPU of the workers during the load; memory by fifths of the run, as medians."""
    samples = [s for s in running.samples if since is None or s.at_s >= since.at_s]
    fifth = max(1, len(samples) // 5)
    middles = [samples[min(i * fifth + fifth // 2, len(samples) - 1)] for i in range(5)]
    span_s = samples[-1].at_s - samples[0].at_s
    return {
        flow: {
            "rss_mb_by_fifths": [s.rss_mb[flow] for s in middles],
            "rss_mb_last": samples[-1].rss_mb[flow],
            "cpu_share_of_a_core": round((samples[-1].cpu_s[flow] - samples[0].cpu_s[flow]) / span_s, 3),
        }
        for flow in running.workers
    }
