"""Prometheus on loopback with our rules; what it scrapes is a file that may change while it runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dataflows.ports import free_port
from local.managed_server import START_TIMEOUT_S, ManagedServer, PartMissingError, is_ready

RULES = Path(__file__).parents[1] / "prometheus" / "rules"
CONFIG = """\
global: {{scrape_interval: {scrape}, scrape_timeout: {scrape}, evaluation_interval: {evaluate}}}
rule_files: ['{rules}/*.yml']
alerting:
  alertmanagers:
    - static_configs: [{{targets: {alertmanagers}}}]
scrape_configs:
  - job_name: classpulse
    file_sd_configs: [{{files: ['{home}/targets.json'], refresh_interval: 5s}}]
    metric_relabel_configs:
      # With recovery on, Bytewax 0.21 exposes this histogram several times with identical labels.
      - {{source_labels: [__name__], regex: 'bytewax_partd_write_duration_seconds.*', action: drop}}
"""


def options(home: Path, port: int) -> list[str]:
    """Returns the arguments of a Prometheus whose files lie in `home`."""
    return [
        f"--config.file={home}/prometheus.yml",
        f"--storage.tsdb.path={home}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]


def configure(  # noqa: PLR0913 (what differs from one set of parts to the next)
    home: Path,
    targets: Sequence[str],
    *,
    rules: Path = RULES,
    alertmanagers: Sequence[str] = (),
    scrape: str = "5s",
    evaluate: str = "5s",
) -> None:
    """Writes the configuration into `home`, and the targets, which may change while it runs.

    Args:
        home: Its folder.
        targets: `host:port` of the workers' metrics.
        rules: Folder of the rules.
        alertmanagers: `host:port` of who gets its alerts.
        scrape: How often it scrapes.
        evaluate: How often it evaluates.
    """
    text = CONFIG.format(
        scrape=scrape, evaluate=evaluate, rules=rules, home=home, alertmanagers=json.dumps(list(alertmanagers))
    )
    (home / "prometheus.yml").write_text(text)
    (home / "targets.json").write_text(json.dumps([{"targets": list(targets)}]))


@dataclass
class Prometheus(ManagedServer):
    """Prometheus' process.

    Attributes:
        targets: `host:port` of the workers' metrics.
        alertmanagers: `host:port` of who gets its alerts.
        rules: Folder of the rules.
        scrape: How often it scrapes.
        evaluate: How often it evaluates.
    """

    targets: tuple[str, ...] = ()
    alertmanagers: tuple[str, ...] = ()
    rules: Path = RULES
    scrape: str = "5s"
    evaluate: str = "5s"
    name: str = field(default="prometheus", init=False)

    @property
    def url(self) -> str:
        """Its address for people and programs."""
        return f"http://127.0.0.1:{self.state()['port']}"

    def start(self, timeout_s: float = START_TIMEOUT_S) -> str:
        """Starts it, or finds it running, and returns its address once it is ready.

        Raises:
            PartMissingError: It is not installed, or this is no clone of the repository.
            PartFailedError: It does not come to answer.
        """
        if self.process() is None:
            path = shutil.which("prometheus")
            if path is None or not self.rules.is_dir():
                message = (
                    "Prometheus is not installed (Debian: prometheus)" if path is None else f"{self.rules} is not there"
                )
                raise PartMissingError(message)
            home = self.directory / self.name
            home.mkdir(parents=True, exist_ok=True)
            self.remember(port=self.state().get("port") or free_port())
            self._configure(home)
            self.say(f"{self.name}: starting on 127.0.0.1:{self.state()['port']}")
            self.spawn([path, *options(home, self.state()["port"])], home / "prometheus.yml")
        if not self.answers():
            self.wait_until(self.answers, timeout_s)
        return self.url

    def answers(self) -> bool:
        """Says whether it is ready."""
        return is_ready(self.url)

    def _configure(self, home: Path) -> None:
        configure(
            home,
            self.targets,
            rules=self.rules,
            alertmanagers=self.alertmanagers,
            scrape=self.scrape,
            evaluate=self.evaluate,
        )
