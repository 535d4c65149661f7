"""To Kafka and back: a request's events are produced, and it is told once all of them are acknowledged."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import groupby
from operator import attrgetter
from typing import Final

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from api.ingest.entry import Entry
from dataflows.kafka.clients import availability, quiet_logger
from dataflows.kafka.producer import producer_config
from dataflows.settings import Settings

LINGER_MS: Final = 4
POLL_S: Final = 0.1
Heard = Callable[[KafkaError | None, Message], None]
_by_topic = attrgetter("topic")

log = structlog.get_logger()


class Shipment:
    """The events of one request on their way to Kafka.

    Attributes:
        entries: The events, in their order.
        sent_s: When they were handed over, by the monotonic clock.
        left: How many of them are not acknowledged.
        failed: Whether one was not delivered.
        done: Completed, in the loop's thread, when all are acknowledged or have failed.
    """

    __slots__ = ("done", "entries", "failed", "left", "sent_s")

    def __init__(self, entries: list[Entry], done: asyncio.Future[bool]) -> None:
        """Begins with all of them missing."""
        self.entries, self.done = entries, done
        self.left = len(entries)
        self.failed = False
        self.sent_s = time.monotonic()


class Delivery:
    """The producer and its thread; everything else of it belongs to the event loop's thread.

    Attributes:
        pending: What is not acknowledged, the oldest first.
    """

    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop) -> None:
        """Starts the thread that hears acknowledgements."""
        self._settings, self._loop = settings, loop
        self._names: dict[str, str] = {}
        self.pending: deque[Shipment] = deque()
        self._finished: list[Shipment] = []
        self._ended = threading.Event()
        self._producer = self._open()
        self._thread = threading.Thread(target=self._hear, args=(self._producer,), name="acks", daemon=True)
        self._thread.start()

    def _open(self) -> Producer:
        own = {"linger.ms": LINGER_MS, "delivery.report.only.error": False}
        said = {"error_cb": availability(self._settings).on_error, "logger": quiet_logger()}
        return Producer({**producer_config(self._settings), **own, **said})

    def send(self, entries: list[Entry]) -> Shipment:
        """Hands events over; `Shipment.done` says when Kafka has them.

        A full queue, or whatever else librdkafka refuses, fails the shipment: its events go another way.
        """
        shipment = Shipment(entries, self._loop.create_future())
        heard = self._callback(shipment)
        try:
            for topic, of_topic in groupby(entries, _by_topic):
                self._produce(self._topic(topic), list(of_topic), heard)
        except (BufferError, KafkaException) as error:
            log.warning("Kafka's client refuses events", reason=str(error))
            shipment.done.set_result(False)
            return shipment
        self.pending.append(shipment)
        return shipment

    def _produce(self, topic: str, entries: list[Entry], heard: Heard) -> None:
        if len(entries) == 1:
            (entry,) = entries
            self._producer.produce(topic, entry.value, entry.key, on_delivery=heard)
            return
        messages = [{"value": entry.value, "key": entry.key} for entry in entries]
        queued = self._producer.produce_batch(topic, messages, on_delivery=heard)
        if queued != len(entries):
            raise BufferError

    def _topic(self, name: str) -> str:
        found = self._names.get(name)
        if found is None:
            found = self._names[name] = self._settings.topic(name)
        return found

    def _callback(self, shipment: Shipment) -> Heard:
        finished = self._finished

        def heard(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                shipment.failed = True
            shipment.left -= 1
            if not shipment.left:
                finished.append(shipment)

        return heard

    def _hear(self, producer: Producer) -> None:
        while not self._ended.is_set():
            producer.poll(POLL_S)
            if self._finished:
                finished, self._finished[:] = list(self._finished), []
                self._loop.call_soon_threadsafe(self._settle, finished)

    def _settle(self, finished: list[Shipment]) -> None:
        for shipment in finished:
            if not shipment.done.done():
                shipment.done.set_result(not shipment.failed)
        while self.pending and self.pending[0].done.done():
            self.pending.popleft()

    def close(self, timeout_s: float) -> None:
        """Waits for what is on its way, then ends the thread."""
        self._producer.flush(timeout_s)
        self._ended.set()
        self._thread.join(timeout=2)
