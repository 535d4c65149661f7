"""The log that every engine reads, and an independent reading of it: what the windows must hold, to the row.

Events of `bench.load`'s school, in order up to two seconds, and from the second quarter of the log on one in five
hundred five to ten minutes old: that is late by every engine's clock. No event is sent twice, for the other engines
look for no repeats.
"""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, TopicPartition

from bench.load import DELAY_MS, HEAD, MIDDLE, templates
from dataflows.kafka.producer import Publisher
from dataflows.settings import Settings

MINUTE_MS: Final = 60_000
GRACE_MS: Final = 60_000
MARGIN_MS: Final = 5 * MINUTE_MS
"""Windows that end so long before the log's end are final for every engine, those with two stages of windows too."""

LATE: Final = 0.002
LATE_MS: Final = (300_000, 600_000)
SECONDS_A_STUDENT: Final = 10

Rows = dict[tuple[int, str, str], tuple[int, int]]
"""(window's start, scope, id) → (events, distinct students)."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log that lies in Kafka.

    Attributes:
        topic: Its topic.
        events: How many records it has.
        rows: What the windows must hold, by class and by all, up to the horizon.
        late: Records that came after their window was final.
        horizon_ms: Rows of windows that start before it are compared.
    """

    topic: str
    events: int
    rows: Rows
    late: int
    horizon_ms: int


def values(events: int, per_s: float, start_ms: float, seed: int = 5) -> Iterator[tuple[bytes, bytes]]:
    """Yields keys and values.

    Args:
        events: How many.
        per_s: Events a second of event time; every student has one in ten seconds.
        start_ms: The time of the first.
        seed: Decides ids, delays and who acts.
    """
    rng = random.Random(seed)  # noqa: S311 (a fixed seed for a measurement)
    prepared = templates(max(25, round(per_s * SECONDS_A_STUDENT)))
    for number in range(events):
        bits = rng.getrandbits(160)
        event = prepared[bits % len(prepared)]
        delay = (bits >> 40) % DELAY_MS
        if number > events // 4 and rng.random() < LATE:
            delay = rng.randrange(*LATE_MS)
        stamp = b"%d" % (start_ms + number * 1000 / per_s - delay)
        text = b"%032x" % (bits >> 32)
        event_id = b"-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
        yield event.key, b"".join((HEAD, event_id, MIDDLE, stamp, event.tail))


def publish(settings: Settings, topic: str, events: int, per_s: float) -> None:
    """Writes the log into a topic; its event times end now."""
    publisher = Publisher(settings, {"linger.ms": 50})
    for key, value in values(events, per_s, time.time() * 1000 - events / per_s * 1000):
        publisher.send(topic, key, value)
    if left := publisher.flush() + publisher.failed:
        text = f"{left} events could not be published: {publisher.last_error}"
        raise RuntimeError(text)


def read(settings: Settings, topic: str) -> Log:
    """Reads a topic again and computes, record by record, what the windows must hold."""
    partitions = list(_records(settings, topic))
    windows: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    late, events = 0, 0
    ends = []
    for records in partitions:
        seen_ms = -1
        for value in records:
            event = json.loads(value)
            at, student = event["timestamp"], event["student_id"]
            seen_ms = max(seen_ms, at)
            start = at // MINUTE_MS * MINUTE_MS
            events += 1
            if start + MINUTE_MS + GRACE_MS <= seen_ms:
                late += 1
                continue
            windows[start, "all", "all"].append(student)
            windows[start, "class", event["class_id"]].append(student)
        ends.append(seen_ms)
    horizon = min(ends) // MINUTE_MS * MINUTE_MS - MARGIN_MS
    rows = {key: (len(students), len(set(students))) for key, students in windows.items() if key[0] < horizon}
    return Log(topic, events, rows, late, horizon)


def _records(settings: Settings, topic: str) -> Iterator[list[bytes]]:
    consumer = Consumer({**settings.kafka_config(), "group.id": "bench-oracle", "enable.auto.commit": False})
    try:
        for partition in sorted(consumer.list_topics(topic, timeout=10).topics[topic].partitions):
            _low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            consumer.assign([TopicPartition(topic, partition, 0)])
            found: list[bytes] = []
            while len(found) < high:
                found += [value for message in consumer.consume(10_000, 1.0) if (value := message.value()) is not None]
            yield found
    finally:
        consumer.close()


def joined(rows: dict[str, str], horizon_ms: int) -> Rows:
    """Returns what an engine has written as rows, its tasks' parts added up: a student is in one task.

    Args:
        rows: By `window/scope/id` or `window/scope/id/task` the newest `events/students`.
        horizon_ms: Windows that start then or later are left out.

    Example:
        >>> joined({"0/all/all/0": "5/2", "0/all/all/1": "3/1", "60000/all/all": "1/1"}, 60000)
        {(0, 'all', 'all'): (8, 3)}
    """
    sums: Rows = {}
    for key, value in rows.items():
        start, scope, scope_id = key.split("/")[:3]
        if int(start) < horizon_ms:
            events, students = (int(number) for number in value.split("/"))
            had = sums.get((int(start), scope, scope_id), (0, 0))
            sums[int(start), scope, scope_id] = had[0] + events, had[1] + students
    return sums
