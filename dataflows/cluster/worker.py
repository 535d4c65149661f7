"""The worker process of a member: started with the addresses of a formation, and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Final

import structlog

from dataflows.cluster.formation import Formation, Seat

STOP_PATIENCE_S: Final = 30.0

log = structlog.get_logger()


class WorkerProcess:
    """At most one worker at a time."""

    def __init__(self, flow: str, flags: list[str], metrics_port: int | None) -> None:
        """Keeps what every start needs; nothing is started yet."""
        self._flow, self._flags, self._metrics_port = flow, flags, metrics_port
        self._process: subprocess.Popen[bytes] | None = None
        self._asked_at: float | None = None
        self.formation: Formation | None = None

    def start(self, me: Seat, formation: Formation) -> None:
        """Starts the worker as its place in the formation."""
        index = formation.seats.index(me)
        env = dict(os.environ)
        env.pop("BYTEWAX_DATAFLOW_API_ENABLED", None)
        if self._metrics_port is not None:
            env |= {"BYTEWAX_DATAFLOW_API_ENABLED": "1", "BYTEWAX_DATAFLOW_API_PORT": str(self._metrics_port)}
        command = [sys.executable, "-m", "dataflows.worker", self._flow, "--parent", str(os.getpid()), *self._flags]
        command += ["--process", str(index)]
        if len(formation.seats) > 1:
            command += ["--addresses", ";".join(seat.address for seat in formation.seats)]
        self._process, self.formation = subprocess.Popen(command, env=env, process_group=0), formation  # noqa: S603
        self._asked_at = None
        log.info("worker started", formation=formation.number, members=len(formation.seats), index=index)

    def stop(self) -> None:
        """Asks for an end with a snapshot; after `STOP_PATIENCE_S` it is ended at once."""
        if self._process is None:
            return
        if self._asked_at is None:
            self._asked_at = time.monotonic()
            self._process.send_signal(signal.SIGTERM)
        elif time.monotonic() - self._asked_at > STOP_PATIENCE_S:
            log.warning("worker did not end in time and is killed", after_s=STOP_PATIENCE_S)
            self._process.kill()

    def kill(self) -> None:
        """Ends it at once, unless it is ending well already."""
        if self._process is not None and self._asked_at is None:
            self._process.kill()

    def ended(self) -> int | None:
        """Returns the exit code once it has ended, and forgets it; None while it runs or where there is none."""
        if self._process is None:
            return None
        code = self._process.poll()
        if code is not None:
            self._process, self.formation = None, None
        return code

    @property
    def asked_to_stop(self) -> bool:
        """Whether its end was asked for."""
        return self._asked_at is not None
