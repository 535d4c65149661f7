"""Ticks from the gateway: one instance writes them, and none passes what somebody has acknowledged and not sent.

A tick promises that nothing older is to come. So it is the present, or the time of the oldest event on any spool:
nobody's events become late because Kafka was away. An instance that died with events on its spool holds the ticks until
it is back and has sent them, or until somebody releases it (`classpulse tick --release`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

import psycopg
import structlog

from api import metrics
from api.ingest import fleet
from dataflows.kafka.producer import Publisher
from dataflows.kafka.ticks import send_ticks, tick_targets
from dataflows.kafka.topics import TopicError
from dataflows.settings import Settings
from dataflows.sink.connection import APPLICATION, connect

EVERY_S: Final = 1.0
REFRESH_S: Final = 60.0
DELIVERY_S: Final = 3.0

log = structlog.get_logger()


class Ticker:
    """Reports each second what this instance has not sent, and ticks while it is the elected one."""

    def __init__(self, settings: Settings, instance: str, unsent: Callable[[], tuple[int | None, int]]) -> None:
        """Starts the thread.

        Args:
            settings: How Kafka and the database are reached.
            instance: Names this instance.
            unsent: Says the oldest unsent event's time and how many there are.
        """
        self._settings, self._instance, self._unsent = settings, instance, unsent
        self._ended, self._due = threading.Event(), threading.Event()
        self._connection: psycopg.Connection[Any] | None = None
        self._targets: list[tuple[str, int]] = []
        self._refreshed_s = float("-inf")
        self._elected = False
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Has it report at once: what is acknowledged from now on lies on the spool, and nobody must tick past it."""
        self._due.set()

    def close(self) -> None:
        """Ends the thread, and leaves the others to elect another."""
        self._ended.set()
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        publisher = Publisher(self._settings, {"delivery.timeout.ms": int(DELIVERY_S * 1000), "linger.ms": 0})
        while not self._ended.is_set():
            began_s = time.monotonic()
            tick_ms = self._agreed_ms()
            self._note(elected=tick_ms is not None)
            if tick_ms is not None:
                self._tick(publisher, tick_ms)
            self._due.wait(max(0.0, began_s + EVERY_S - time.monotonic()))
            self._due.clear()
        self._leave()

    def _agreed_ms(self) -> int | None:
        """Reports this instance; returns the time to tick, None where another does it or nobody can know."""
        try:
            if self._connection is None:
                url = self._settings.database_url.get_secret_value()
                self._connection = connect(url, f"{APPLICATION}-gateway")
            now_ms = time.time_ns() // 1_000_000
            fleet.report(self._connection, self._instance, *self._unsent())
            if not fleet.is_elected(self._connection, self._instance):
                return None
            oldest_ms = fleet.oldest_unsent_ms(self._connection)
        except psycopg.Error:
            self._forget_connection()
            return None
        return now_ms if oldest_ms is None else min(now_ms, oldest_ms)

    def _tick(self, publisher: Publisher, tick_ms: int) -> None:
        if time.monotonic() - self._refreshed_s >= REFRESH_S:
            try:
                self._targets = tick_targets(self._settings, timeout_s=2.0)
            except TopicError:
                return
            self._refreshed_s = time.monotonic()
        failed = publisher.failed
        send_ticks(publisher, self._targets, tick_ms)
        if publisher.flush(DELIVERY_S + 1) or publisher.failed > failed:
            self._refreshed_s = float("-inf")

    def _note(self, *, elected: bool) -> None:
        if elected != self._elected:
            log.info("this instance writes the ticks" if elected else "another instance writes the ticks, or none can")
        self._elected = elected
        metrics.TICKING.set(elected)

    def _leave(self) -> None:
        try:
            if self._connection is not None:
                fleet.report(self._connection, self._instance, *self._unsent())
                fleet.leave(self._connection, self._instance)
        except psycopg.Error:
            log.warning("the database does not answer: this instance stays on its list until it is back")
        self._forget_connection()

    def _forget_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
