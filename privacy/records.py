"""A student's records in Kafka's topics and among the dead letters."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from dataflows.events.text import as_text, tidy
from dataflows.kafka.clients import client_config
from dataflows.kafka.topics import TopicError
from dataflows.settings import Settings

TIMEOUT_S: Final = 10.0
BATCH: Final = 10_000


@dataclass(frozen=True, slots=True)
class Record:
    """A record that is about a student.

    Attributes:
        topic: The topic's name on the broker.
        partition: The partition.
        offset: The record's place in it.
        appended_ms: When the broker took it, epoch milliseconds.
        value: Its value: the JSON document, or base64 of what is no JSON.
    """

    topic: str
    partition: int
    offset: int
    appended_ms: int
    value: Any


def is_about(value: bytes | None, key: bytes | None, student_ids: Collection[str]) -> bool:
    r"""Says whether a record is about one of some students: by its key, or because a text anywhere in it is the id.

    What is no JSON is searched for the id as a word of its own.

    Args:
        value: The record's value.
        key: The record's key.
        student_ids: The ids as they are kept (`tidy`).

    Example:
        >>> ann = {"ann"}
        >>> is_about(b'{"context": {"user_id": " ann"}}', None, ann), is_about(b'{"student_id": "anna"}', None, ann)
        (True, False)
        >>> is_about(b'{"student_id": "ann"', None, ann), is_about(b"joanna", None, ann), is_about(None, b"ann", ann)
        (True, False, True)
    """
    if key is not None and tidy(key.decode("utf-8", "replace")) in student_ids:
        return True
    if value is None:
        return False
    try:
        document = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return any(_is_word_in(student_id, value) for student_id in student_ids)
    if isinstance(document, dict) and isinstance(document.get("payload"), str) and "reason" in document:
        return is_held_about(document["payload"], student_ids)
    return any(text in student_ids for text in _texts(document))


def _is_word_in(student_id: str, value: bytes) -> bool:
    return re.search(rb"(?<![\w])" + re.escape(student_id.encode()) + rb"(?![\w])", value) is not None


def is_held_about(payload: str, student_ids: Collection[str]) -> bool:
    """Says whether what a dead letter holds is about one of some students.

    Args:
        payload: Base64 of the refused bytes.
        student_ids: The ids as they are kept (`tidy`).
    """
    try:
        return is_about(base64.b64decode(payload), None, student_ids)
    except ValueError:
        return any(student_id in payload for student_id in student_ids)


def _texts(document: object) -> Iterator[str]:
    """Yields every scalar of a document as it would be kept as an id."""
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
        else:
            text = as_text(node)
            if text:
                yield text


def records_of(
    settings: Settings,
    topics: Iterable[str],
    student_ids: Collection[str],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[Record]:
    """Yields the records of some topics that are about students.

    Every partition is read, since a producer may have used another key.

    Args:
        settings: How Kafka is reached.
        topics: Names on the broker; one that does not exist is left out.
        student_ids: The ids as they are kept (`tidy`).
        progress: Told how many records were read, and how many there are.

    Raises:
        TopicError: If Kafka does not answer.
    """
    config = client_config(settings, group_id="classpulse-export", enable_auto_commit=False, enable_partition_eof=True)
    consumer = Consumer(config)
    try:
        known = consumer.list_topics(timeout=TIMEOUT_S).topics
        places = [TopicPartition(name, part) for name in topics if name in known for part in known[name].partitions]
        limits = {(p.topic, p.partition): consumer.get_watermark_offsets(p, timeout=TIMEOUT_S) for p in places}
        total = sum(high - low for low, high in limits.values())
        done = 0
        for place in places:
            low, high = limits[place.topic, place.partition]
            if high <= low:
                continue
            consumer.assign([TopicPartition(place.topic, place.partition, low)])
            for message in _until(consumer, place, high):
                done += 1
                if is_about(message.value(), message.key(), student_ids):
                    yield _record(message)
                if done % BATCH == 0:
                    progress(done, total)
            consumer.unassign()
        progress(total, total)
    except KafkaException as error:
        text = f"Kafka at {settings.kafka_bootstrap_servers} cannot be read: {error.args[0].str()}"
        raise TopicError(text) from error
    finally:
        consumer.close()


def _until(consumer: Consumer, place: TopicPartition, high: int) -> Iterator[Message]:
    """Yields the records of the one assigned partition up to an offset, or to its end as the broker tells it."""
    while True:
        messages = consumer.consume(BATCH, timeout=0.5)
        for message in messages:
            if (message.topic(), message.partition()) != (place.topic, place.partition):  # said of the partition before
                continue
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    return
                raise KafkaException(error)
            if (message.offset() or 0) >= high:
                return
            yield message


def _record(message: Message) -> Record:
    value = message.value() or b""
    document: Any
    try:
        document = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = base64.b64encode(value).decode()
    return Record(
        topic=str(message.topic()),
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        appended_ms=message.timestamp()[1],
        value=document,
    )
