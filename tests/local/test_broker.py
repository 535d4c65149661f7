"""The in-memory broker serves other processes."""

from __future__ import annotations

import subprocess
import sys

from confluent_kafka import Consumer, TopicPartition

from local.embedded_broker import PARTITIONS, MockBroker

PRODUCE = """
import sys
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": sys.argv[1], "compression.type": "zstd"})
for number in range(100):
    text = str(number)
    producer.produce("seen", text.encode(), partition=number % 4, headers={"n": text}, timestamp=1_600_000_000_000)
producer.flush(10)
"""


def test_what_another_process_wrote_is_read_with_its_time_and_headers() -> None:
    with MockBroker() as broker:
        subprocess.run([sys.executable, "-c", PRODUCE, broker.address], check=True, timeout=30)
        consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "test", "auto.offset.reset": "error"})
        try:
            assert len(consumer.list_topics("seen", timeout=10).topics["seen"].partitions) == PARTITIONS
            consumer.assign([TopicPartition("seen", partition, 0) for partition in range(PARTITIONS)])
            got: list[tuple[bytes | None, int]] = []
            while len(got) < 100:
                got += [(message.value(), message.timestamp()[1]) for message in consumer.consume(100, 10)]
        finally:
            consumer.close()
    assert {value for value, _ in got} == {str(number).encode() for number in range(100)}
    assert {when for _, when in got} == {1_600_000_000_000}
