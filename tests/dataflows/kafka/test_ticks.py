"""Ticks reach every partition of every input topic, as the contract writes them."""

from __future__ import annotations

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from dataflows.kafka.producer import Publisher
from dataflows.kafka.ticks import send_ticks, tick_targets
from dataflows.kafka.topics import INPUT_TOPICS, create_or_check
from dataflows.settings import Settings
from tests.waiting import until

TICK_MS = 1_760_000_000_000


def test_a_tick_is_a_header_without_key_and_value_in_every_partition(mock_kafka: str) -> None:
    settings = Settings(kafka_bootstrap_servers=mock_kafka)
    targets = tick_targets(settings)
    assert {topic for topic, _ in targets} == set(INPUT_TOPICS)
    assert len(targets) == len(INPUT_TOPICS) * 4
    publisher = Publisher(settings)
    send_ticks(publisher, targets, TICK_MS)
    assert publisher.flush(10) == 0

    consumer = Consumer({"bootstrap.servers": mock_kafka, "group.id": "t"})
    consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in targets])
    found: set[tuple[str | None, int | None]] = set()
    while len(found) < len(targets):
        for message in consumer.consume(len(targets) - len(found), timeout=10):
            assert (message.key(), message.value()) == (None, None)
            assert message.headers() == [("classpulse-tick", str(TICK_MS).encode())]
            found.add((message.topic(), message.partition()))
    consumer.close()
    assert found == set(targets)


def test_the_alias_of_the_clickstream_is_ticked_where_it_exists(kafka: str, topic_prefix: str) -> None:
    settings = Settings(kafka_bootstrap_servers=kafka, topic_prefix=topic_prefix, partitions=2)
    create_or_check(settings)
    alias = settings.topic("lms_clickstream")
    assert alias not in {topic for topic, _ in tick_targets(settings)}
    admin = AdminClient(settings.kafka_config())
    admin.create_topics([NewTopic(alias, 2, 1)])[alias].result(15)
    until(lambda: {(alias, 0), (alias, 1)} <= set(tick_targets(settings)))
