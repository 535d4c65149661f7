"""Prometheus beside the demo, where the machine has one; else what tells Grafana that nothing is measured."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from dataflows.ports import PORTS, free_port, is_free
from local import child
from local.prometheus import RULES, configure, options

STOP_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Metrics:
    """Where Grafana asks what the workers measure.

    Attributes:
        address: Its address.
        measures: Whether it is a Prometheus; else whatever is asked has no answer, and panels say so in words.
    """

    address: str
    measures: bool


@contextlib.contextmanager
def beside(folder: Path, ports: range) -> Iterator[Metrics]:
    """Yields a Prometheus with its files in `folder` that scrapes the workers at `ports`, or what stands in for it."""
    program = shutil.which("prometheus")
    if program is None or not RULES.is_dir():
        with _nothing_measured() as address:
            yield Metrics(address, measures=False)
        return
    folder.mkdir()
    configure(folder, [f"127.0.0.1:{port}" for port in ports])
    port = free_port()
    with (folder / "prometheus.log").open("ab") as log:
        process = child.spawn(["nice", program, *options(folder, port)], output=log, cwd=folder)
    try:
        yield Metrics(f"http://127.0.0.1:{port}", measures=True)
    finally:
        child.end(process, signal.SIGTERM, STOP_TIMEOUT_S)


def free_ports(count: int) -> range:
    """Returns so many ports in a row that nobody holds at this moment."""
    while True:
        first = free_port()
        ports = range(first, first + count)
        if ports.stop <= PORTS.stop and all(map(is_free, ports)):
            return ports


class _Nothing(BaseHTTPRequestHandler):
    """Answers every query of Prometheus' API with no series: an error would stand there in red."""

    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        """Answers."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        ranged = self.path.startswith("/api/v1/query_range")
        found: Any = {"resultType": "matrix" if ranged else "vector", "result": []}
        listed = self.path.startswith(("/api/v1/label", "/api/v1/series"))
        body = json.dumps({"status": "success", "data": [] if listed else found}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - http.server's name

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - http.server's name
        """Says nothing."""


@contextlib.contextmanager
def _nothing_measured() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Nothing) as server:
        thread = threading.Thread(target=server.serve_forever, name="no metrics", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
