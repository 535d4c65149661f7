"""From the spool to Kafka: in order, chunk by chunk, each kept until all of it is acknowledged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from api.ingest.segment import Record
from api.ingest.spool import Spool
from dataflows.kafka.clients import availability, quiet_logger
from dataflows.kafka.producer import producer_config
from dataflows.kafka.replayed import REPLAYED
from dataflows.settings import Settings

CHUNK: Final = 4096
ANSWER_S: Final = 2.0
AGAIN_S: Final = 1.0
ACKNOWLEDGED_S: Final = 20.0
_OLD_SHARE: Final = 0.9
"""From this share of the greatest age on, a record says that it may be of any age: it was judged when it came."""

log = structlog.get_logger()


class Drain:
    """Sends what is on the spool, in a thread of its own, and says after each chunk that less is left."""

    def __init__(self, settings: Settings, spool: Spool, advanced: Callable[[], None]) -> None:
        """Starts the thread.

        Args:
            settings: How Kafka is reached.
            spool: What is sent.
            advanced: Called in this thread when something of the spool was sent, or nothing is left on it.
        """
        self._settings, self._spool, self._advanced = settings, spool, advanced
        self._old_ms = int(settings.max_age_days * 86_400_000 * _OLD_SHARE)
        self._wake, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Says that there is something on the spool."""
        self._wake.set()

    def close(self) -> None:
        """Ends the thread after the chunk that it is at."""
        self._ended.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        producer: Producer | None = None
        while not self._ended.is_set():
            if not self._spool.events:
                producer = None
                self._advanced()
                self._wake.wait()
                self._wake.clear()
                continue
            producer = producer or self._open()
            if not self._answers(producer):
                self._ended.wait(AGAIN_S)
            elif not self._chunk(producer):
                # whatever of it is still under way may come twice; nothing comes too early or never
                producer.purge()
                producer = None
                self._ended.wait(AGAIN_S)

    def _open(self) -> Producer:
        own = {"delivery.timeout.ms": int(ACKNOWLEDGED_S * 1000), "linger.ms": 5, "delivery.report.only.error": False}
        said = {"error_cb": availability(self._settings).on_error, "logger": quiet_logger()}
        return Producer({**producer_config(self._settings), **own, **said})

    @staticmethod
    def _answers(producer: Producer) -> bool:
        try:
            return bool(producer.list_topics(timeout=ANSWER_S).brokers)
        except KafkaException:
            return False

    def _chunk(self, producer: Producer) -> bool:
        """Sends the next records; says whether Kafka has all of them."""
        records, place = self._spool.peek(CHUNK)
        delivered, reason = 0, "not acknowledged in time"

        def heard(error: KafkaError | None, _message: Message) -> None:
            nonlocal delivered, reason
            if error is None:
                delivered += 1
            else:
                reason = error.str()

        try:
            for record in records:
                self._produce(producer, record, heard)
        except (BufferError, KafkaException) as error:
            log.warning("the spool cannot be sent", reason=str(error))
            return False
        until = time.monotonic() + ACKNOWLEDGED_S
        while producer.flush(0.5) and time.monotonic() < until and not self._ended.is_set():
            pass
        if delivered < len(records):
            log.warning("the spool cannot be sent", reason=reason)
            return False
        self._spool.advance(place, len(records))
        self._advanced()
        return True

    def _produce(self, producer: Producer, record: Record, heard: Callable[[KafkaError | None, Message], None]) -> None:
        is_old = self._old_ms and time.time_ns() // 1_000_000 - record.event_ms > self._old_ms
        topic = self._settings.topic(record.topic)
        producer.produce(topic, record.value, record.key, on_delivery=heard, headers=[*REPLAYED] if is_old else None)
