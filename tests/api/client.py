"""The gateway as a client meets it: a process of its own, and requests over HTTP."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dataflows.ports import free_port
from tests.cli.running import start
from tests.waiting import until


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def statuses(self) -> list[str]:
        """What became of each event."""
        return [result["status"] for result in self.json["results"]]


@dataclass
class Client:
    """Asks one server."""

    port: int
    token: str = ""

    def send(self, body: Any, path: str = "/v1/track", method: str = "POST", **headers: str) -> Answer:
        """Sends a body (bytes as they are, anything else as JSON)."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        said = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
        if self.token:
            said["Authorization"] = f"Bearer {self.token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, content or None, said)
            response = connection.getresponse()
            return Answer(response.status, {n.lower(): v for n, v in response.getheaders()}, response.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.send(b"", path, "GET", **headers)

    def packed(self, body: Any, **headers: str) -> Answer:
        """Sends gzip."""
        return self.send(gzip.compress(json.dumps(body).encode()), Content_Encoding="gzip", **headers)


class Served(Client):
    """A gateway that runs, and its process."""

    def __init__(self, kafka: str, database: str, folder: Path, **environment: str) -> None:
        super().__init__(free_port())
        self._kafka = kafka
        self._environment = {
            "DATABASE_URL": database,
            "CLASSPULSE_SPOOL_DIR": str(folder / "spool"),
            "CLASSPULSE_API_PORT": str(self.port),
            **environment,
        }
        self.process: subprocess.Popen[str]

    def start(self) -> Self:
        """Starts it, and waits until it answers."""
        self.process = start("serve", servers=self._kafka, **self._environment)
        until(self._answers, 60)
        return self

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()[1]
        try:
            return self.get("/healthz").status == 200
        except OSError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)

    def stop(self) -> str:
        """Ends it in order; returns what it wrote."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        return errors


@contextlib.contextmanager
def served(kafka: str, database: str, folder: Path, **environment: str) -> Iterator[Served]:
    """Runs a gateway for a while."""
    gateway = Served(kafka, database, folder, **environment).start()
    try:
        yield gateway
    finally:
        if gateway.process.poll() is None:
            gateway.kill()
