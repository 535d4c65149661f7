"""Real commands over real parts: what a person would type, in an environment of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import psutil
import psycopg

from dataflows.kafka.topics import create_or_check, require_usable
from dataflows.settings import Settings
from tests.databases import bring_up

ROOT = Path(__file__).parents[2]
OURS = re.compile("CLASSPULSE_|KAFKA_|DATABASE_URL$|BYTEWAX_")
PATIENCE_S = 180.0


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Waits until `condition` returns something true.

    Raises:
        TimeoutError: Names `what` was waited for.
    """
    give_up = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > give_up:
            message = f"waited {timeout_s:.0f} s for: {what}"
            raise TimeoutError(message)
        time.sleep(0.05)


@dataclass
class Worker:
    """A running command and everything that it has started."""

    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def output(self) -> str:
        """What it has said so far."""
        return self.log_file.read_text(errors="replace")

    @property
    def running(self) -> bool:
        """Whether the command itself still runs."""
        return self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the command and to all its descendants."""
        for process in self._tree():
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue

    def kill(self) -> None:
        """Ends all its processes at once, as a power cut does."""
        # a stopped parent starts no child between the listing and the kill
        if self.running:
            self.process.send_signal(signal.SIGSTOP)
        self.send(signal.SIGKILL)
        self.process.wait(30)

    def terminate(self, timeout_s: float = 60.0) -> int:
        """Asks the command alone to end, as a supervisor does; returns its exit code."""
        self.process.terminate()
        return self.wait(timeout_s)

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        """Waits for its end; returns its exit code."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            message = f"still running after {timeout_s:.0f} s:\n{self.output[-4000:]}"
            raise TimeoutError(message) from error

    def _tree(self) -> list[psutil.Process]:
        try:
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


@dataclass
class Stack:
    """Kafka, a database and a folder: all that one deployment has.

    Attributes:
        kafka: The broker's address.
        database: The database's URL.
        prefix: The topic prefix.
        folder: Where recovery stores and logs are kept.
        settings: Further settings by the names of their environment variables.
    """

    kafka: str
    database: str
    prefix: str
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    started: list[Worker] = field(default_factory=list)

    def topic(self, name: str = "clickstream_events") -> str:
        """Returns a topic's name on the broker."""
        return f"{self.prefix}{name}"

    @property
    def recovery(self) -> Path:
        """The folder of the recovery stores."""
        return self.folder / "recovery"

    def environment(self, **more: str) -> dict[str, str]:
        """Returns the environment of a command: this deployment's settings and nobody else's."""
        inherited = {name: value for name, value in os.environ.items() if not OURS.match(name)}
        return {
            **inherited,
            "PYTHONPATH": str(ROOT),
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "DATABASE_URL": self.database,
            "CLASSPULSE_TOPIC_PREFIX": self.prefix,
            "CLASSPULSE_RECOVERY_DIR": str(self.recovery),
            "CLASSPULSE_LAKE_URL": str(self.folder / "lake"),
            "CLASSPULSE_SNAPSHOT_INTERVAL_S": "1",
            "CLASSPULSE_COMMIT_INTERVAL_S": "0.2",
            "CLASSPULSE_HISTORY_INTERVAL_S": "0.5",
            # It takes a second and a half of CPU to load, and most workers here do not live much longer.
            "CLASSPULSE_SCANNER": "false",
            **self.settings,
            **more,
        }

    def start(self, *arguments: str, **more: str) -> Worker:
        """Starts a command and returns at once."""
        log_file = self.folder / f"{len(self.started):02d}-{arguments[0]}.log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", *arguments],
                cwd=self.folder,  # a developer's .env lies elsewhere
                env=self.environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started.append(Worker(process, log_file))
        return self.started[-1]

    def command(self, *arguments: str, **more: str) -> str:
        """Runs a command to its end and returns its output; it must succeed."""
        worker = self.start(*arguments, **more)
        code = worker.wait()
        assert code == 0, f"classpulse {' '.join(arguments)} ended with {code}:\n{worker.output[-6000:]}"
        return worker.output

    @property
    def own_settings(self) -> Settings:
        """The settings as its commands read them."""
        with patch.dict(os.environ, self.environment(), clear=True):
            return Settings(_env_file=None)

    def set_up(self) -> Stack:
        """Makes the topics and the tables, as the commands `topics` and `migrate` do (`test_harness.py`)."""
        settings = self.own_settings
        require_usable(create_or_check(settings))
        bring_up(self.database, settings)
        return self

    def catch_up(self, *flows: str, workers: int = 1, **more: str) -> str:
        """Runs the flows over what the topics hold."""
        flows = flows or ("engagement", "archive")
        return self.command("run", *flows, "--until-caught-up", "--workers", str(workers), **more)

    def offsets(self, flow: str = "engagement") -> int:
        """Returns how many records of the log the flow's committed results cover."""
        query = """
            SELECT coalesce(sum(o.value::bigint), 0)::bigint
            FROM task_progress, jsonb_each_text(offsets) AS o WHERE flow = %s
        """
        with psycopg.connect(self.database) as connection:
            row = connection.execute(query, (flow,)).fetchone()
        return int(row[0]) if row else 0

    def wait_for_offset(self, goal: int, flow: str = "engagement") -> None:
        """Waits until a flow has committed the results of `goal` records."""
        wait_until(lambda: self.offsets(flow) >= goal, f"{goal} records of {flow}; {self.folder} holds the logs")

    def stop(self) -> None:
        """Ends whatever still runs."""
        for worker in self.started:
            if worker.running:
                worker.send(signal.SIGCONT)
                worker.kill()


@contextmanager
def stack(kafka: str, database: str, prefix: str, folder: Path, **settings: str) -> Iterator[Stack]:
    """Yields a deployment with topics and tables, and ends its processes afterwards."""
    made = Stack(kafka, database, prefix, folder, settings)
    try:
        yield made.set_up()
    finally:
        made.stop()
