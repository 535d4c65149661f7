"""Real Kafka and TimescaleDB of a measurement's own, and the `classpulse` processes that run against them."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg

from dataflows.settings import Settings
from local.kafka import VERSION, Kafka
from local.postgres import Postgres

_KEPT = {"CLASSPULSE_SCANNER"}
"""Settings of ours that a measurement may be given, to compare."""


def say(text: str) -> None:
    """Tells how far the measurement is; figures alone go to standard output."""
    print(text, file=sys.stderr, flush=True)


@dataclass
class Stack:
    """The servers of one measurement; each run gets a database, a topic prefix and a recovery folder of its own.

    Attributes:
        folder: Where everything lies; removed at the end.
        kafka: The broker.
        postgres: The database server, durable as in production.
    """

    folder: Path
    kafka: Kafka
    postgres: Postgres
    _runs: int = field(default=0, init=False)

    def environment(self, prefix: str, database: str = "postgres", **more: str) -> dict[str, str]:
        """Returns the environment of a process, with a recovery folder of its own."""
        self._runs += 1
        kept = {
            name: value for name, value in os.environ.items() if name in _KEPT or not name.startswith("CLASSPULSE_")
        }
        kept.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed worker finds its modules compiled
        return kept | {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap,
            "DATABASE_URL": self.postgres.url(database),
            "CLASSPULSE_TOPIC_PREFIX": prefix,
            "CLASSPULSE_RECOVERY_DIR": str(self.folder / f"recovery-{self._runs}"),
            "CLASSPULSE_STATS_FILE": str(self.folder / f"stats-{self._runs}"),
            "CLASSPULSE_LOG_LEVEL": "WARNING",
            "POLARS_MAX_THREADS": "1",
            **more,
        }

    def settings(self, prefix: str) -> Settings:
        """Returns the settings of this process for the same topics."""
        return Settings(kafka_bootstrap_servers=self.kafka.bootstrap, topic_prefix=prefix, _env_file=None)

    def topics(self, prefix: str) -> None:
        """Creates the topics under a prefix, four partitions each."""
        run(["-m", "cli.main", "topics"], self.environment(prefix))

    def database(self, name: str) -> None:
        """Makes a new database at the current schema."""
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name}")
        run(["-m", "cli.main", "migrate"], self.environment("", name))


@contextlib.contextmanager
def stack() -> Iterator[Stack]:
    """Starts the servers on free ports, and ends and removes them afterwards."""
    with tempfile.TemporaryDirectory(prefix="classpulse-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        kafka, postgres = Kafka(folder, say), Postgres(folder, say, timescaledb=True)
        try:
            kafka.start()
            postgres.start()
            yield Stack(folder, kafka, postgres)
        finally:
            kafka.destroy()
            postgres.destroy()


def run(arguments: list[str], env: dict[str, str]) -> str:
    """Runs Python with arguments and returns what it printed.

    Raises:
        RuntimeError: It failed; the message holds its last words.
    """
    done = subprocess.run([sys.executable, *arguments], env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        text = f"{' '.join(arguments)} failed with {done.returncode}: {done.stdout[-500:]} {done.stderr[-2000:]}"
        raise RuntimeError(text)
    return done.stdout


def run_json(arguments: list[str], env: dict[str, str]) -> dict[str, Any]:
    """Runs Python with arguments and returns the JSON object of its last line."""
    report: dict[str, Any] = json.loads(run(arguments, env).splitlines()[-1])
    return report


def machine() -> dict[str, Any]:
    """Returns what the figures depend on."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "load_average_1m": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "kafka": VERSION,
        **{name: version(name) for name in ("bytewax", "polars", "numpy", "msgspec", "confluent-kafka")},
    }
