"""The log as it lies in Kafka: read back for the oracle, written again in another order."""

from __future__ import annotations

import random
from collections.abc import Iterable

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from dataflows.kafka.replayed import REPLAYED
from tests.oracle.reading import Event, Record, read

TICK = "classpulse-tick"
Headers = dict[str, str | bytes | None] | list[tuple[str, str | bytes | None]] | None


def read_topic(kafka: str, topic: str) -> list[Record]:
    """Returns every record of a topic, partition by partition in offset order."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "oracle",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "fetch.queue.backoff.ms": 10,
            "fetch.wait.max.ms": 10,  # the next partition waits for the last one's fetch
        }
    )
    records: list[Record] = []
    try:
        for partition in sorted(consumer.list_topics(topic, timeout=15).topics[topic].partitions):
            first, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=15)
            consumer.assign([TopicPartition(topic, partition, first)])
            records += _read(consumer, topic, partition, end - first)
    finally:
        consumer.close()
    return records


def _read(consumer: Consumer, topic: str, partition: int, count: int) -> list[Record]:
    records: list[Record] = []
    while len(records) < count:
        for message in consumer.consume(min(10_000, count - len(records)), timeout=1):
            if (error := message.error()) is not None:
                assert error.code() == KafkaError._PARTITION_EOF, error
                return records  # markers of transactions lie in the log and are no records
            offset = message.offset()
            assert offset is not None
            records.append(
                Record(
                    topic,
                    partition,
                    offset,
                    message.timestamp()[1],
                    message.value(),
                    message.key(),
                    tick_of(message.headers()),
                )
            )
    return records


def tick_of(headers: Headers) -> int | None:
    """Returns the tick's time if a record's headers make it one."""
    for name, value in dict(headers or ()).items():
        if name == TICK and value is not None:
            text = value.decode() if isinstance(value, bytes) else value
            return int(text) if text.isdigit() else None
    return None


def write(kafka: str, topic: str, records: Iterable[Record]) -> None:
    """Writes records to another topic, each to the partition where it lay (keys hash alike everywhere)."""
    producer = Producer(
        {"bootstrap.servers": kafka, "partitioner": "murmur2_random", "enable.idempotence": True, "linger.ms": 5}
    )
    for record in records:
        headers: Headers = [(TICK, str(record.tick).encode())] if record.tick is not None else list(REPLAYED)
        while True:
            try:
                producer.produce(topic, record.value, record.key, record.partition, headers=headers)
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(60) == 0


def by_partition(records: Iterable[Record]) -> dict[int, list[Record]]:
    """Returns the records of each partition, in their order."""
    logs: dict[int, list[Record]] = {}
    for record in records:
        logs.setdefault(record.partition, []).append(record)
    return logs


def shuffled(records: Iterable[Record], seed: int, within_ms: int = 60_000) -> list[Record]:
    """Returns the records in another order, in which none is late that was not: ticks stay at the end.

    A record is sorted by its time and up to `within_ms` more, so that whatever comes before it is at most
    `within_ms` newer, and the lateness forgives as much. Records of one key and instant keep their order, which is the
    log's to tell.
    """
    rng = random.Random(seed)
    result: list[Record] = []
    for log in by_partition(records).values():
        places, now = [], 0
        moved: dict[tuple[bytes | None, int], tuple[int, float]] = {}
        for record in log:
            now = time_of(record) or now
            jitter = (rng.randrange(within_ms), rng.random())
            by, tie = (within_ms, 0.0) if record.tick is not None else moved.setdefault((record.key, now), jitter)
            places.append((now + by, tie, record))
        result += [record for _, _, record in sorted(places, key=lambda place: place[:2])]
    return result


def repeated(records: Iterable[Record], seed: int, share: float = 0.05) -> list[Record]:
    """Returns the records, a share of them written a second time: at once, or up to 2,000 records later (and late)."""
    rng = random.Random(seed)
    result: list[Record] = []
    for log in by_partition(records).values():
        places: list[tuple[float, Record]] = [(float(i), record) for i, record in enumerate(log)]
        chosen = [i for i, record in enumerate(log) if record.tick is None and rng.random() < share]
        places += [(i + 0.5 + rng.randrange(rng.choice((3, 2_000))), log[i]) for i in chosen]
        result += [record for _, record in sorted(places, key=lambda place: place[0])]
    return result


def slices(records: Iterable[Record], count: int) -> list[list[Record]]:
    """Returns the log cut into `count` pieces that follow each other, each with records of every partition."""
    logs = by_partition(records).values()
    return [
        [record for log in logs for record in log[len(log) * i // count : len(log) * (i + 1) // count]]
        for i in range(count)
    ]


def time_of(record: Record) -> int | None:
    """Returns the time of an event or a tick in epoch milliseconds; None for a reject."""
    if record.tick is not None:
        return record.tick
    event = read(record, max_future_ms=1 << 62, max_bytes=1 << 30)
    return event.event_ms if isinstance(event, Event) else None


def close(kafka: str, topic: str, tick_ms: int) -> None:
    """Writes a tick to every partition of a topic."""
    admin = AdminClient({"bootstrap.servers": kafka})
    partitions = admin.list_topics(topic, timeout=15).topics[topic].partitions
    write(kafka, topic, [Record(topic, partition, 0, 0, None, tick=tick_ms) for partition in sorted(partitions)])
