"""The one producer: Java's hash, order kept, losses counted."""

from __future__ import annotations

from collections import defaultdict

from confluent_kafka import Consumer, TopicPartition

from dataflows.kafka.producer import Publisher, producer_config
from dataflows.kafka.topics import create_or_check
from dataflows.settings import Settings


def java_murmur2(data: bytes) -> int:
    """Kafka's own `Utils.murmur2`, written out from its source."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for start in range(0, whole, 4):
        k = int.from_bytes(data[start : start + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    if rest := data[whole:]:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return h ^ (h >> 15)


def test_a_student_goes_where_javas_partitioner_sends_them_in_order(kafka: str, topic_prefix: str) -> None:
    settings = Settings(kafka_bootstrap_servers=kafka, topic_prefix=topic_prefix)
    create_or_check(settings)
    topic = settings.topic("clickstream_events")
    publisher = Publisher(settings)
    keys = [f"schüler-{number}".encode() for number in range(200)]
    for round_number in range(3):
        for key in keys:
            publisher.send(topic, key, str(round_number).encode())
    assert publisher.flush(30) == 0
    assert (publisher.sent, publisher.delivered, publisher.failed) == (600, 600, 0)

    found: dict[bytes, list[tuple[int, bytes]]] = defaultdict(list)
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "t", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(4)])
    while sum(map(len, found.values())) < 600:
        for message in consumer.consume(600 - sum(map(len, found.values())), timeout=10):
            partition, student, value = message.partition(), message.key(), message.value()
            assert partition is not None
            assert isinstance(student, bytes)
            assert value is not None
            found[student].append((partition, value))
    consumer.close()
    for key in keys:
        assert found[key] == [((java_murmur2(key) & 0x7FFFFFFF) % 4, value) for value in (b"0", b"1", b"2")]


def test_what_kafka_does_not_take_is_counted() -> None:
    settings = Settings(kafka_bootstrap_servers="127.0.0.1:1")
    publisher = Publisher(settings, {"delivery.timeout.ms": 500})
    publisher.send("clickstream_events", b"ada", b"{}")
    assert publisher.flush(10) == 0
    assert (publisher.sent, publisher.delivered, publisher.failed) == (1, 0, 1)
    assert publisher.last_error


def test_the_settings_that_the_log_depends_on_are_set() -> None:
    config = producer_config(Settings())
    assert config["partitioner"] == "murmur2_random"
    assert config["enable.idempotence"] is True
    assert config["acks"] == "all"
