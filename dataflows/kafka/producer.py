"""The one way in which this project produces: hashing, acknowledgement, compression and error counting."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from dataflows.kafka.clients import availability, quiet_logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataflows.settings import Settings

# Java's hash, so that every producer of whatever language puts a student into the same partition
PARTITIONER: Final = "murmur2_random"
QUEUE_MESSAGES: Final = 200_000


def producer_config(settings: Settings) -> dict[str, str | int | float | bool]:
    """Returns the librdkafka properties of every producer of ours.

    Idempotence keeps the order within a partition across retries and lets no retry repeat a record.
    """
    return {
        **settings.kafka_config(),
        "partitioner": PARTITIONER,
        "enable.idempotence": True,
        "acks": "all",
        "compression.type": "lz4",
        "linger.ms": 20,
        "batch.num.messages": 10_000,
        "queue.buffering.max.messages": QUEUE_MESSAGES,
        "queue.buffering.max.kbytes": 262_144,
        "message.max.bytes": 2 * 1024 * 1024,
        "retry.backoff.ms": 100,
        "retry.backoff.max.ms": 2_000,
        "delivery.timeout.ms": 120_000,
        "delivery.report.only.error": True,
    }


class Publisher:
    """A producer that waits when its queue is full and counts what could not be delivered.

    Attributes:
        sent: Records handed over so far.
        failed: Records that Kafka did not take within the delivery timeout.
        last_error: The newest error in words, or an empty string.
    """

    def __init__(self, settings: Settings, overrides: Mapping[str, str | int | float | bool] | None = None) -> None:
        """Opens the producer; it connects by itself and reconnects for ever."""
        self.sent = 0
        self.failed = 0
        self.last_error = ""
        config: dict[str, object] = {**producer_config(settings), **(overrides or {})}
        self._availability = availability(settings)
        callbacks = {"on_delivery": self._on_delivery, "error_cb": self._on_error, "logger": quiet_logger()}
        self.producer = Producer({**config, **callbacks})

    @property
    def delivered(self) -> int:
        """Records that Kafka has acknowledged."""
        return self.sent - self.failed - len(self.producer)

    def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]] | None = None
    ) -> None:
        """Queues a record; blocks while the queue is full. What is too large for Kafka counts as failed."""
        while True:
            try:
                self.producer.produce(topic, value=value, key=key, headers=list(headers) if headers else None)
            except BufferError:
                self.producer.poll(0.1)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.MSG_SIZE_TOO_LARGE:
                    raise
                self.sent += 1
                self.failed += 1
                self.last_error = error.args[0].str()
                return
            else:
                self.sent += 1
                if not self.sent & 1023:
                    self.producer.poll(0)
                return

    def send_to(self, topic: str, partition: int, headers: list[tuple[str, bytes]]) -> None:
        """Queues a record that has headers only, for one given partition."""
        while True:
            try:
                self.producer.produce(topic, partition=partition, headers=list(headers))
            except BufferError:
                self.producer.poll(0.1)
            else:
                self.sent += 1
                return

    def flush(self, timeout_s: float = 130.0) -> int:
        """Waits until everything is acknowledged or given up; returns what is still queued."""
        deadline = time.monotonic() + timeout_s
        # in short pieces, so that a signal is heard while Kafka is away
        while (left := self.producer.flush(min(0.5, timeout_s))) and time.monotonic() < deadline:
            pass
        return left

    def _on_delivery(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self.failed += 1
            self.last_error = error.str()

    def _on_error(self, error: KafkaError) -> None:
        self.last_error = error.str()
        self._availability.on_error(error)
