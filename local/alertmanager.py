"""Alertmanager on loopback, started by the script that starts it in Compose."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dataflows.ports import free_port
from local.managed_server import START_TIMEOUT_S, ManagedServer, PartMissingError, is_ready

FILES = Path(__file__).parents[1] / "alerting" / "alertmanager"
PROGRAMS = ("alertmanager", "prometheus-alertmanager")


def program() -> str:
    """Returns the program.

    Raises:
        PartMissingError: It is not installed, or this is no clone of the repository.
    """
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        message = "Alertmanager is not installed (Debian: prometheus-alertmanager)"
        raise PartMissingError(message)
    if not FILES.is_dir():
        message = f"{FILES} is not there: run it in a clone of the repository"
        raise PartMissingError(message)
    return found


@dataclass
class Alertmanager(ManagedServer):
    """Alertmanager's process.

    Attributes:
        files: Folder of `start.sh`, `alertmanager.yml` and `templates/`.
        env: Where messages go, by the variables of `start.sh`; others come from our environment.
    """

    files: Path = FILES
    env: Mapping[str, str] = field(default_factory=dict)
    name: str = field(default="alertmanager", init=False)

    @property
    def url(self) -> str:
        """Its address for people and programs."""
        return f"http://127.0.0.1:{self.state()['port']}"

    def start(self, timeout_s: float = START_TIMEOUT_S) -> str:
        """Starts it, or finds it running, and returns its address once it is ready.

        Raises:
            PartMissingError: It is not installed.
            PartFailedError: It does not come to answer.
        """
        if self.process() is None:
            path = program()
            home = self.directory / self.name
            home.mkdir(parents=True, exist_ok=True)
            self.remember(port=self.state().get("port") or free_port())
            self.say(f"{self.name}: starting on 127.0.0.1:{self.state()['port']}")
            env = {"CLASSPULSE_ALERTMANAGER": path, "CLASSPULSE_ALERTMANAGER_RUN": str(home), **self.env}
            data = home / "data"
            options = [
                f"--storage.path={data}",
                f"--web.listen-address=127.0.0.1:{self.state()['port']}",
                "--cluster.listen-address=",
            ]
            self.spawn(["/bin/sh", str(self.files / "start.sh"), *options], data, env=env)
        if not self.answers():
            self.wait_until(self.answers, timeout_s)
        return self.url

    def answers(self) -> bool:
        """Says whether it is ready."""
        return is_ready(self.url)
