"""What an engine has written so far: the newest value of each key of its output topic."""

from __future__ import annotations

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bench.engines.contenders import Read
from dataflows.settings import Settings

PARTITIONS = 4


class Output:
    """Follows an output topic, which it makes.

    Attributes:
        rows: By key, the newest value.
        records: How many records were read.
    """

    def __init__(self, settings: Settings, topic: str, read: Read) -> None:
        """Makes the topic and looks at its beginning."""
        admin = AdminClient(settings.kafka_config())
        for made in admin.create_topics([NewTopic(topic, PARTITIONS, 1)]).values():
            made.result(30)
        self.rows: dict[str, str] = {}
        self.records = 0
        self._read = read
        config = settings.kafka_config() | {"group.id": f"{topic}-reader", "enable.auto.commit": False}
        self._consumer = Consumer({**config, "isolation.level": "read_committed", "fetch.wait.max.ms": 20})
        self._consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])

    def grows(self, wait_s: float) -> bool:
        """Reads what has come; returns whether anything has."""
        messages = self._consumer.consume(20_000, wait_s)
        for message in messages:
            key, value = message.key(), message.value()
            if key is not None and value is not None:
                self.rows.update(self._read(key, value))
                self.records += 1
        return bool(messages)

    def close(self) -> None:
        """Ends the consumer."""
        self._consumer.close()
