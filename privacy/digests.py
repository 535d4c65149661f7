"""The list of erased students: digests of their ids, in the database and in a compacted topic.

The topic outlives a restore of the database from a backup, which would bring the students back and lose the list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from dataflows.errors import UserError
from dataflows.kafka.clients import client_config
from dataflows.kafka.producer import Publisher
from dataflows.kafka.topics import ADMIN_TIMEOUT_S, TopicError, admin_client, cluster_metadata
from dataflows.operators.consent import digest_of
from dataflows.settings import Settings

TOPIC: Final = "erased_students"
TIMEOUT_S: Final = 10.0


def key_of(settings: Settings) -> bytes:
    """Returns the key of the list.

    Raises:
        UserError: There is none.
    """
    if settings.erasure_key is None:
        text = (
            "CLASSPULSE_ERASURE_KEY is not set: erased students are known by a digest under this key alone. Make one "
            "(openssl rand -base64 32), keep it in the secret store of every worker, and never change it"
        )
        raise UserError(text)
    return settings.erasure_key.get_secret_value().encode()


def digests_of(student_ids: Iterable[str], settings: Settings) -> list[bytes]:
    """Returns the digests of ids."""
    key = key_of(settings)
    return [digest_of(key, student_id) for student_id in student_ids]


def add(connection: psycopg.Connection[Any], digests: Iterable[bytes]) -> int:
    """Puts digests on the list in the database; returns how many are new."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO erased_students (digest) VALUES (%s) ON CONFLICT DO NOTHING", [(one,) for one in digests]
        )
        return max(cursor.rowcount, 0)


def publish(settings: Settings, digests: Iterable[bytes]) -> None:
    """Puts digests on the list in Kafka; makes its topic where it is missing.

    Raises:
        TopicError: Kafka does not answer, or does not take them.
    """
    _make_topic(settings)
    publisher = Publisher(settings)
    at = json.dumps({"erased_at": datetime.now(UTC).isoformat(timespec="seconds")}).encode()
    for digest in digests:
        publisher.send(settings.topic(TOPIC), digest.hex().encode(), at)
    if publisher.flush(TIMEOUT_S) or publisher.failed:
        text = f"Kafka did not take the list of erased students: {publisher.last_error}"
        raise TopicError(text)


def _make_topic(settings: Settings) -> None:
    name, admin = settings.topic(TOPIC), admin_client(settings)
    if name in cluster_metadata(admin, settings).topics:
        return
    topic = NewTopic(name, 1, settings.replication, config={"cleanup.policy": "compact"})
    try:
        admin.create_topics([topic], operation_timeout=ADMIN_TIMEOUT_S)[name].result(ADMIN_TIMEOUT_S + 5)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            text = f"Kafka refused to create the topic {name}: {error.args[0].str()}"
            raise TopicError(text) from error


def published(settings: Settings) -> set[bytes]:
    """Returns the digests that the topic holds; none where it does not exist.

    Raises:
        TopicError: Kafka does not answer.
    """
    config = client_config(settings, group_id="classpulse-erased", enable_auto_commit=False, enable_partition_eof=True)
    consumer, found, name = Consumer(config), set[bytes](), settings.topic(TOPIC)
    try:
        known = consumer.list_topics(timeout=TIMEOUT_S).topics
        for partition in known[name].partitions if name in known else ():
            consumer.assign([TopicPartition(name, partition, 0)])
            found |= _digests(consumer)
    except KafkaException as error:
        text = f"Kafka at {settings.kafka_bootstrap_servers} cannot be read: {error.args[0].str()}"
        raise TopicError(text) from error
    finally:
        consumer.close()
    return found


def _digests(consumer: Consumer) -> set[bytes]:
    """Returns the keys of the assigned partition, read to its end."""
    found: set[bytes] = set()
    while True:
        for message in consumer.consume(1000, timeout=1.0):
            error, key = message.error(), message.key()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    return found
                raise KafkaException(error)
            if key is not None and message.value() is not None:
                found.add(bytes.fromhex(key.decode()))
