"""A task's source without Bytewax: topics to read, and the loop that a worker would run."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from dataclasses import replace

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from dataflows.batch import TaskBatch
from dataflows.claim import Claim
from dataflows.kafka.partition import TaskPartition
from dataflows.kafka.source import KafkaSource
from dataflows.settings import Settings
from tests.waiting import until

FLOW = "engagement"
TICK = "classpulse-tick"
UNCLAIMED = Claim(1, {}, "", {})
_generations = itertools.count(1)


def settings(servers: str, prefix: str = "", **more: object) -> Settings:
    """Returns settings with a quick flush."""
    return Settings(kafka_bootstrap_servers=servers, topic_prefix=prefix, **{"commit_interval_s": 0.05, **more})  # type: ignore[arg-type]


def make(servers: str, topics: dict[str, int]) -> AdminClient:
    """Makes topics with append times and these partition counts."""
    admin = AdminClient({"bootstrap.servers": servers})
    config = {"message.timestamp.type": "LogAppendTime"}
    for made in admin.create_topics([NewTopic(t, n, 1, config=config) for t, n in topics.items()]).values():
        made.result(15)
    until(lambda: topics.items() <= partition_counts(admin).items())
    return admin


def partition_counts(admin: AdminClient) -> dict[str, int]:
    """Returns the partition count of every topic."""
    return {name: len(topic.partitions) for name, topic in admin.list_topics(timeout=15).topics.items()}


def write(
    servers: str, topic: str, values: Iterable[bytes | None], partition: int = 0, tick: bytes | None = None
) -> None:
    """Writes records to one partition; with `tick`, each has that header."""
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 0})
    for value in values:
        producer.produce(topic, value, b"k", partition, headers=[] if tick is None else [(TICK, tick)])
    assert producer.flush(15) == 0


def source(  # noqa: PLR0913
    here: Settings,
    topics: list[str],
    claim: Claim = UNCLAIMED,
    optional: Iterable[str] = (),
    *,
    until: bool = False,
    from_oldest: bool = False,
) -> KafkaSource:
    """Returns a source whose tasks are claimed with this answer; each claim is of a later generation."""
    claim = replace(claim, generation=next(_generations))
    names = [here.topic(t) for t in topics], [here.topic(t) for t in optional]
    return KafkaSource(here, FLOW, *names, lambda _flow, _task: claim, until_caught_up=until, from_oldest=from_oldest)


def drain(part: TaskPartition) -> list[TaskBatch]:
    """Polls until the source ends, as `--until-caught-up` does."""
    batches: list[TaskBatch] = []
    try:
        while True:
            batches += poll(part)
    except StopIteration:
        return batches
    finally:
        part.close()


def poll(part: TaskPartition) -> list[TaskBatch]:
    """Polls once, at a worker's pace."""
    got = part.next_batch()
    if not got:
        time.sleep(0.005)
    return got


def read_until(part: TaskPartition, topic: str, count: int) -> list[TaskBatch]:
    """Polls until so many records of a topic have come in batches."""
    batches: list[TaskBatch] = []

    def enough() -> bool:
        batches.extend(poll(part))
        return len(offsets(batches, topic)) >= count

    until(enough)
    return batches


def values(batches: Iterable[TaskBatch], topic: str) -> list[bytes | None]:
    """Returns the values of a topic's records in the order in which they came."""
    return [v for batch in batches for records in batch.records if records.topic == topic for v in records.values]


def offsets(batches: Iterable[TaskBatch], topic: str) -> list[int]:
    """Returns the offsets of a topic's records in the order in which they came."""
    return [o for batch in batches for records in batch.records if records.topic == topic for o in records.offsets]
