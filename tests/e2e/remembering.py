"""What the tests of the `memory` flow share: its topics as they lie in Kafka, and what it has recommended."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from tests.e2e.harness import Stack
from tests.e2e.learners import START, TOPICS
from tests.e2e.log import TICK, read_topic
from tests.e2e.tables import MEMORY, assert_holds
from tests.oracle.memory import ExpectedMemory, MemoryRules, expect
from tests.oracle.reading import Record

RECOMMENDATIONS = "revision_recommendation_events"


def tick(here: Stack, at_ms: int = START) -> None:
    """Ticks every partition of every topic that the flow reads; at the log's start nothing is left out from then on."""
    metadata = AdminClient({"bootstrap.servers": here.kafka}).list_topics(timeout=15)
    producer = Producer({"bootstrap.servers": here.kafka, "enable.idempotence": True, "linger.ms": 5})
    for topic in map(here.topic, TOPICS):
        for partition in metadata.topics[topic].partitions:
            producer.produce(topic, None, None, partition, headers=[(TICK, str(at_ms).encode())])
    assert producer.flush(60) == 0


def records_of(here: Stack) -> list[Record]:
    """Returns all that the flow's topics hold."""
    return [record for topic in TOPICS for record in read_topic(here.kafka, here.topic(topic))]


def expected_of(here: Stack, **rules: Any) -> ExpectedMemory:
    """Returns what the oracle makes of the topics."""
    return expect(records_of(here), MemoryRules(prefix=here.prefix, **rules))


@dataclass(frozen=True)
class Recommended:
    """What lies on the topic of recommendations.

    Attributes:
        times: By event_id, how often it was published.
        bodies: By event_id, the event as it was first published.
        keys: By event_id, the record's key.
    """

    times: Counter[str]
    bodies: dict[str, dict[str, Any]]
    keys: dict[str, str]


def recommended(here: Stack) -> Recommended:
    """Reads the topic of recommendations; what is published twice under one event_id must say the same."""
    found = Recommended(Counter(), {}, {})
    for record in read_topic(here.kafka, here.topic(RECOMMENDATIONS)):
        body = json.loads(record.value or b"")
        event_id = body["event_id"]
        assert found.bodies.setdefault(event_id, body) == body
        found.keys[event_id] = (record.key or b"").decode()
        found.times[event_id] += 1
    return found


def assert_recommended(here: Stack, expected: ExpectedMemory) -> Recommended:
    """Fails unless exactly the expected recommendations are on the topic, by event_id; returns them."""
    found = recommended(here)
    missing, odd = expected.recommendations - found.times.keys(), found.times.keys() - expected.recommendations
    assert not missing, f"{len(missing)} of {len(expected.recommendations)} are missing, such as {sorted(missing)[:3]}"
    assert not odd, f"{len(odd)} too many, such as {[found.bodies[event_id] for event_id in sorted(odd)[:3]]}"
    return found


def assert_remembers(here: Stack, expected: ExpectedMemory, database: str = "") -> None:
    """Fails with all differences if a table of the flow holds anything but the expected rows."""
    assert_holds(database or here.database, expected, *MEMORY)
