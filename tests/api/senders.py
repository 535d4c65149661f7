"""Clients as they should be: they send a batch again until each of its events is acknowledged, and then the next."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.api.client import Client

ACKNOWLEDGED = {"ok", "spooled", "duplicate"}


@dataclass
class Sender:
    """One student's browser.

    Attributes:
        acknowledged: Ids in the order in which they happened; only what the gateway has acknowledged.
        statuses: How often each answer came.
    """

    client: Client
    student: str
    batch: int
    pause_s: float
    acknowledged: list[str] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            left = [self._event() for _ in range(self.batch)]
            sent = [event["event_id"] for event in left]
            while left and not stop.is_set():
                left = self._send(left)
            if not left:
                self.acknowledged += sent
            stop.wait(self.pause_s)

    def _event(self) -> dict[str, Any]:
        return {
            "event_id": str(uuid.uuid4()),
            "student_id": self.student,
            "event_name": "quiz_submit",
            "timestamp": time.time_ns() // 1_000_000,
            "class_id": "7B",
        }

    def _send(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Sends events; returns those that are not acknowledged."""
        try:
            answer = self.client.send(events)
        except OSError:
            time.sleep(0.05)
            return events
        if answer.status not in {200, 503}:
            self.problems.append(f"{answer.status} {answer.body[:200]!r}")
            return events
        statuses = answer.statuses
        for status in statuses:
            self.statuses[status] = self.statuses.get(status, 0) + 1
        return [event for event, status in zip(events, statuses, strict=True) if status not in ACKNOWLEDGED]


class Senders:
    """Several at once."""

    def __init__(self, client: Client, count: int, batch: int, pause_s: float) -> None:
        self.all = [Sender(client, f"student-{number:02}", batch, pause_s) for number in range(count)]
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=sender.run, args=(self._stop,)) for sender in self.all]
        for thread in self._threads:
            thread.start()

    def count(self, status: str) -> int:
        return sum(sender.statuses.get(status, 0) for sender in self.all)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    @property
    def problems(self) -> list[str]:
        return [problem for sender in self.all for problem in sender.problems]
