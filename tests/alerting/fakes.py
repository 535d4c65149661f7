"""Workers that only have metrics, and the whole way of an alert, forty times as fast."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from alerting.delivery.inbox import Inbox
from local.alertmanager import FILES, Alertmanager
from local.prometheus import RULES, Prometheus
from tests.alerting.mailbox import Mailbox

FASTER = 40
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass
class Worker:
    """A metrics endpoint.

    Attributes:
        gauges: Series → value.
        rates: Series of counters → growth a second.
        silent: Whether it answers with an error.
    """

    flow: str
    gauges: dict[str, float] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    silent: bool = False

    def __post_init__(self) -> None:
        self._counts: dict[str, float] = {}
        self._at = time.monotonic()
        self._lock = threading.Lock()
        self.gauges |= {
            f'snapshot_age_seconds{{flow="{self.flow}"}}': 5,
            'watermark_lag_seconds{topic="t",partition="0"}': 1,
            "school_hours": 1,
        }
        self.rates |= {f'kafka_ticks_consumed_total{{topic="t",flow="{self.flow}"}}': 60}
        self.rates |= {f'kafka_events_consumed_total{{topic="t",flow="{self.flow}"}}': 60}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    def text(self) -> str:
        """Returns the metrics as they are now."""
        with self._lock:
            now = time.monotonic()
            passed, self._at = now - self._at, now
            for series, rate in self.rates.items():
                self._counts[series] = self._counts.get(series, 0) + rate * passed
            return "".join(f"{series} {value}\n" for series, value in (self.gauges | self._counts).items())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        worker = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with suppress(OSError):  # Prometheus hangs up when a busy machine is too slow for it
                    self.send_response(500 if worker.silent else 200)
                    self.end_headers()
                    self.wfile.write(b"" if worker.silent else worker.text().encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        return Handler


@dataclass(frozen=True)
class Way:
    """What an alert passes, and where it ends."""

    prometheus: Prometheus
    alertmanager: Alertmanager
    slack: Inbox
    mail: Mailbox


@contextmanager
def way(directory: Path, workers: list[Worker]) -> Iterator[Way]:
    """Starts real Prometheus and Alertmanager on our own files, with every duration a fortieth."""
    rules, files = directory / "rules", directory / "alertmanager-files"
    shutil.copytree(RULES, rules)
    shutil.copytree(FILES, files)
    for path in rules.glob("*.yml"):
        path.write_text(hastened(path.read_text(), r"(?<=for: )|(?<=\[)"))
    config = files / "alertmanager.yml"
    text = re.sub(r" *mute_time_intervals: .*\n", "", config.read_text())  # a test runs at night too
    # On a busy machine evaluations of this pace come late: what falls together must still be told together.
    text = hastened(text, r"(?<=group_wait: )", least_ms=3000)
    config.write_text(hastened(text, r"(?<=_interval: )", least_ms=1000))
    slack, mail = Inbox("127.0.0.1", 0), Mailbox()
    env = {
        "CLASSPULSE_SLACK_URL": f"http://127.0.0.1:{slack.server_address[1]}/slack",
        "CLASSPULSE_SMTP_HOST": mail.address,
        "CLASSPULSE_OPERATORS_EMAIL": "night-shift@school.example",
        "CLASSPULSE_GRAFANA_URL": "https://boards.school.example/",
        "CLASSPULSE_TIMEZONE": "Europe/Berlin",
    }
    alertmanager = Alertmanager(directory, files=files, env=env)
    prometheus = Prometheus(
        directory, targets=tuple(w.address for w in workers), rules=rules, scrape="500ms", evaluate="500ms"
    )
    servers = [slack, mail, *(worker.server for worker in workers)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        prometheus.alertmanagers = (alertmanager.start().removeprefix("http://"),)
        prometheus.start()
        yield Way(prometheus, alertmanager, slack, mail)
    finally:
        prometheus.destroy()
        alertmanager.destroy()
        for server in servers:
            server.shutdown()
            server.server_close()


def hastened(text: str, before: str, least_ms: int = 1) -> str:
    """Divides the durations that follow `before` by `FASTER`."""

    def shorter(found: re.Match[str]) -> str:
        return f"{max(least_ms, int(found[1]) * SECONDS[found[2]] * 1000 // FASTER)}ms"

    return re.sub(rf"(?:{before})(\d+)([smhd])\b", shorter, text)
