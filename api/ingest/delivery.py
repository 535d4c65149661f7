"""To Kafka and back: a request's events are produced, and it is settled once all of them are acknowledged."""

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

log = structlog.get_logger()


class Shipment:
    """The events of one request on their way.

    Attributes:
        entries: The events, in their order.
        sent_s: When they were handed to Kafka's client, by the monotonic clock.
        left: How many of them it has not acknowledged.
        failed: Whether one was not delivered.
        done: Completed, in the loop's thread, when each entry has its status.
    """

    __slots__ = ("done", "entries", "failed", "left", "sent_s")

    def __init__(self, entries: list[Entry], done: asyncio.Future[None]) -> None:
        """Begins with all of them missing."""
        self.entries, self.done = entries, done
        self.left = len(entries)
        self.failed = False
        self.sent_s = time.monotonic()

    def settle(self, status: str) -> None:
        """Gives the entries that have none a status, and completes."""
        for entry in self.entries:
            if entry.status is None:
                entry.status = status  # type: ignore[assignment]
        if not self.done.done():
            self.done.set_result(None)


class Delivery:
    """One producer, from its opening until Kafka fails it; all but its thread belongs to the event loop's thread."""

    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop, failed: Callable[[], None]) -> None:
        """Starts the thread that hears acknowledgements.

        Args:
            settings: How Kafka is reached, and the topics' prefix.
            loop: Where requests wait.
            failed: Called in the loop's thread when something was not delivered.
        """
        self._settings, self._loop, self._failed = settings, loop, failed
        self._names: dict[str, str] = {}
        self._pending: deque[Shipment] = deque()
        self._finished: list[Shipment] = []
        self._ended = threading.Event()
        own = {"linger.ms": LINGER_MS, "delivery.report.only.error": False}
        said = {"error_cb": availability(settings).on_error, "logger": quiet_logger()}
        self._producer: Producer = Producer({**producer_config(settings), **own, **said})
        self._thread = threading.Thread(target=self._hear, args=(self._producer,), name="acks", daemon=True)
        self._thread.start()

    def send(self, shipment: Shipment) -> bool:
        """Hands events over; False where Kafka's client takes no more, and then nothing more is to be sent this way."""
        self._pending.append(shipment)
        shipment.sent_s = time.monotonic()
        heard = self._callback(shipment)
        try:
            for topic, of_topic in groupby(shipment.entries, attrgetter("topic")):
                self._produce(self._topic(topic), list(of_topic), heard)
        except (BufferError, KafkaException) as error:
            log.warning("Kafka's client refuses events", reason=str(error))
            return False
        return True

    def _produce(self, topic: str, entries: list[Entry], heard: Heard) -> None:
        if len(entries) == 1:
            (entry,) = entries
            self._producer.produce(topic, entry.value, entry.key, on_delivery=heard)
            return
        messages = [{"value": entry.value, "key": entry.key} for entry in entries]
        if self._producer.produce_batch(topic, messages, on_delivery=heard) != len(entries):
            raise BufferError

    def _topic(self, name: str) -> str:
        found = self._names.get(name)
        if found is None:
            found = self._names[name] = self._settings.topic(name)
        return found

    def _callback(self, shipment: Shipment) -> Heard:
        finished = self._finished

        def heard(error: KafkaError | None, _message: Message) -> None:
            shipment.left -= 1
            if error is not None:
                shipment.failed = True
                finished.append(shipment)
            elif not shipment.left:
                finished.append(shipment)

        return heard

    def _hear(self, producer: Producer) -> None:
        while not self._ended.is_set():
            producer.poll(POLL_S)
            if self._finished:
                finished, self._finished[:] = list(self._finished), []
                self._loop.call_soon_threadsafe(self._settle, finished)

    def _settle(self, finished: list[Shipment]) -> None:
        """Settles what Kafka has; what it did not take waits for the one who is called."""
        for shipment in finished:
            if not shipment.failed:
                shipment.settle("ok")
        while self._pending and self._pending[0].done.done():
            self._pending.popleft()
        if not self._ended.is_set() and any(shipment.failed for shipment in finished):
            self._failed()

    def waits_s(self) -> float:
        """Returns for how long the oldest shipment has waited."""
        return time.monotonic() - self._pending[0].sent_s if self._pending else 0.0

    def abandon(self) -> list[Shipment]:
        """Gives this producer up; returns what it has not acknowledged, in order.

        What is under way may still arrive: then it arrives twice, and is counted once.
        """
        self._ended.set()
        self._producer.purge(in_queue=True, in_flight=True, blocking=False)
        left = [shipment for shipment in self._pending if not shipment.done.done()]
        self._pending.clear()
        return left
