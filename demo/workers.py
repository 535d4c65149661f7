"""The dataflow workers of the demo: the same `classpulse run` as in production, as child processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from dataflows.errors import UserError
from dataflows.flows import names as flow_names
from local import child

STOP_TIMEOUT_S = 20.0


class WorkersEndedError(UserError):
    """The workers ended by themselves; the message carries their last words."""


class Workers:
    """`classpulse run` for all flows, in a process group of its own."""

    def __init__(self, environment: Mapping[str, str], log: Path, metrics_port: int) -> None:
        """Prepares them.

        Args:
            environment: Says where the broker and the database are.
            log: Takes what they say.
            metrics_port: The first of them serves its metrics there, the others on the ports that follow.
        """
        self._environment = environment
        self._log = log
        self._metrics_port = metrics_port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts them; they connect by themselves."""
        with self._log.open("ab") as log:
            self._process = child.spawn(
                [sys.executable, "-m", "cli.main", "run", *flow_names(), "--metrics-port", str(self._metrics_port)],
                env=self._environment,
                output=log,
            )

    def check(self) -> None:
        """Does nothing while they run.

        Raises:
            WorkersEndedError: They do not.
        """
        if self._process is not None and (code := self._process.poll()) is not None:
            words = "\n".join(self._log.read_text(errors="replace").strip().splitlines()[-25:])
            message = f"`classpulse run` ended with exit code {code}:\n{words}"
            raise WorkersEndedError(message)

    def stop(self) -> None:
        """Ends them in order: they write what is pending, take a snapshot and leave their figures."""
        if self._process is not None:
            child.end(self._process, signal.SIGTERM, STOP_TIMEOUT_S)
            self._process = None
