"""How far a topic's event time has come: read from the last records of each partition."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import msgspec
from confluent_kafka import OFFSET_END, Consumer, KafkaException, Message, TopicPartition

from dataflows.events.kinds import canonical_topic
from dataflows.kafka.clients import client_config
from dataflows.kafka.peek import event_time_ms
from dataflows.kafka.ticks import TICK_HEADER
from dataflows.kafka.topics import TopicError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dataflows.settings import Settings

# enough to see past rejects and late records at the end
TAIL_RECORDS: Final = 500
TIMEOUT_S: Final = 10.0


def newest_event_ms(settings: Settings, topics: Iterable[str]) -> dict[str, int]:
    """Returns the newest event (or tick) time of each topic that holds one, epoch milliseconds.

    Only the last `TAIL_RECORDS` of each partition are read; a time ahead of the append time counts as that.

    Args:
        settings: How Kafka is reached.
        topics: Names on the broker; one that does not exist is left out.

    Raises:
        TopicError: If Kafka does not answer.
    """
    consumer = Consumer(client_config(settings, group_id="classpulse-tail", enable_auto_commit=False))
    try:
        existing = consumer.list_topics(timeout=TIMEOUT_S).topics
        newest = {
            name: _newest(consumer, name, list(existing[name].partitions), settings.topic_prefix)
            for name in topics
            if name in existing
        }
        return {name: ms for name, ms in newest.items() if ms is not None}
    except KafkaException as error:
        message = f"Kafka at {settings.kafka_bootstrap_servers} cannot be read: {error.args[0].str()}"
        raise TopicError(message) from error
    finally:
        consumer.close()


def _newest(consumer: Consumer, topic: str, partitions: list[int], prefix: str) -> int | None:
    kind = canonical_topic(topic, prefix)
    ends: dict[int, int] = {}
    starts: list[TopicPartition] = []
    for partition in partitions:
        low, high = _offsets(consumer, TopicPartition(topic, partition))
        if high > low:
            ends[partition] = high
            starts.append(TopicPartition(topic, partition, max(low, high - TAIL_RECORDS)))
    consumer.assign(starts)
    newest: int | None = None
    left = sum(ends[start.partition] - start.offset for start in starts)
    while ends and left > 0:
        # it waits for as many as are asked for
        messages = consumer.consume(min(left, TAIL_RECORDS), timeout=TIMEOUT_S)
        if not messages:
            break
        left -= len(messages)
        for message in messages:
            place, offset = message.partition(), message.offset()
            if message.error() or place is None or offset is None:
                continue
            moment = _moment(message, kind)
            if moment is not None and (newest is None or moment > newest):
                newest = moment
            if offset + 1 >= ends.get(place, 0):
                ends.pop(place, None)
                consumer.incremental_unassign([TopicPartition(topic, place, OFFSET_END)])
    consumer.unassign()
    return newest


def _offsets(consumer: Consumer, partition: TopicPartition) -> tuple[int, int]:
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return consumer.get_watermark_offsets(partition, timeout=TIMEOUT_S)
        except KafkaException:
            # a partition that was made a moment ago has no leader yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _moment(message: Message, topic: str) -> int | None:
    append_ms = message.timestamp()[1]
    headers: dict[str, object] = dict(message.headers() or [])
    tick = headers.get(TICK_HEADER)
    if isinstance(tick, bytes) and tick.isdigit():
        return min(int(tick), append_ms)
    value = message.value()
    try:
        event = msgspec.json.decode(value) if value is not None else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    event_ms = event_time_ms(event, topic) if isinstance(event, dict) else None
    return None if event_ms is None else min(event_ms, append_ms)
