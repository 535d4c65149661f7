"""The real parts of one folder, started in turn, each where it can be: Kafka, PostgreSQL, Alertmanager, Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dataflows.explain import explain
from local.alertmanager import Alertmanager
from local.kafka import Kafka
from local.managed_server import PartMissingError, Say, exclusive
from local.postgres import Postgres
from local.prometheus import Prometheus

VARIABLES: Final = {
    "kafka": "KAFKA_BOOTSTRAP_SERVERS",
    "postgres": "DATABASE_URL",
    "alertmanager": "ALERTMANAGER_URL",
    "prometheus": "PROMETHEUS_URL",
}


@dataclass(slots=True)
class Started:
    """What came of a start.

    Attributes:
        addresses: By the setting that wants them.
        have: Names of the parts that answer; `timescale` where PostgreSQL has the extension.
        failed: Whether a part that is installed did not come to answer.
    """

    addresses: dict[str, str] = field(default_factory=dict)
    have: set[str] = field(default_factory=set)
    failed: bool = False

    def missing(self, required: Collection[str]) -> list[str]:
        """Returns which of the required parts are not there."""
        return sorted(set(required) - self.have)


def parts(
    directory: Path, say: Say, partitions: int = 4, scrape: tuple[str, ...] = ()
) -> tuple[Kafka, Postgres, Alertmanager, Prometheus]:
    """Returns the parts of one folder; nothing is started yet."""
    return (
        Kafka(directory, say, partitions=partitions),
        Postgres(directory, say),
        Alertmanager(directory, say),
        Prometheus(directory, say, targets=scrape),
    )


def start(  # noqa: PLR0913
    directory: Path,
    env_file: Path,
    say: Say,
    left_out: Callable[[str], object],
    failed: Callable[[str], object],
    *,
    partitions: int,
    scrape: tuple[str, ...],
) -> Started:
    """Starts what this machine has and writes the addresses.

    Args:
        directory: Folder of the parts' data, logs and state.
        env_file: Where the addresses are written.
        say: Gets one line for each step.
        left_out: Gets one line for each part that this machine does not have.
        failed: Gets one line for each part that does not come to answer.
        partitions: Default partitions of a new topic.
        scrape: `host:port` of workers' metrics.
    """
    done = Started()
    kafka, postgres, alertmanager, prometheus = parts(directory, say, partitions, scrape)
    with exclusive(directory):
        for server in (kafka, postgres, alertmanager, prometheus):
            if server is prometheus and "alertmanager" in done.have:
                prometheus.alertmanagers = (alertmanager.url.removeprefix("http://"),)
            try:
                done.addresses[VARIABLES[server.name]] = server.start()
                done.have.add(server.name)
            except PartMissingError as error:
                left_out(f"{server.name}: left out: {error}")
            except Exception as error:
                found = explain(error)
                if found is None:
                    raise
                done.failed = True
                failed(f"{server.name}: {found.text}")
        if "postgres" in done.have and postgres.has_timescaledb:
            done.have.add("timescale")
        elif "postgres" in done.have:
            left_out("timescale: left out: no TimescaleDB for this PostgreSQL; plain tables do")
        env_file.touch(mode=0o600)
        env_file.write_text("".join(f"{name}={address}\n" for name, address in done.addresses.items()))
    return done


def stop(directory: Path, env_file: Path, say: Say) -> None:
    """Ends the parts and removes their data."""
    if directory.exists():
        with exclusive(directory):
            for server in parts(directory, say):
                say(f"{server.name}: {'stopped' if server.destroy() else 'was not running'}")
    env_file.unlink(missing_ok=True)


def states(directory: Path, say: Say) -> bool:
    """Says of each part whether it answers; returns whether all do."""
    all_answer = True
    for server in parts(directory, say):
        running = server.process() is not None
        answers = running and server.answers()
        all_answer &= answers
        where = f"127.0.0.1:{server.state()['port']}, log {server.log_file}" if running else "not running"
        say(f"{server.name}: {'answers' if answers else 'does not answer'} ({where})")
    return all_answer
