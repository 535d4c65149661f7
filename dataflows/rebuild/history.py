"""The past as batches: accepted events as table `events` keeps them, and the topics from where that ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import numpy as np
import psycopg
from confluent_kafka import Consumer, TopicPartition
from psycopg import sql

from dataflows.batch import Records
from dataflows.claim import RefusedError
from dataflows.eras import base_of
from dataflows.kafka.clients import client_config
from dataflows.kafka.replayed import is_replayed
from dataflows.kafka.ticks import tick_of
from dataflows.operators.segments import Ints
from dataflows.operators.watermark import NEVER
from dataflows.settings import Settings

BATCH: Final = 32_768
_TABLE: Final = sql.Identifier("events")

FIELDS: Final = (
    "event_id", "student_id", "role", "event_name", "event_type", "class_id", "grade", "subject_id", "course_id",
    "chapter_id", "session_id", "device_type", "browser", "lesson_id", "video_id", "assessment_id", "page_url",
    "country_code",
)  # fmt: skip
"""The columns of `events` that an event is read from, beside its time and its metadata."""

EVENT_JSON: Final[LiteralString] = (
    "json_build_object("
    + ", ".join(f"'{name}', {name}" for name in FIELDS)
    + ", 'timestamp', (extract(epoch FROM event_time) * 1000)::bigint, 'metadata', coalesce(metadata, '{}'))::text"
)
"""An event of the archive as the decoder reads it."""

BEGINS: Final[LiteralString] = "min(event_time)"
"""When the first event happened that is kept."""

_COLUMNS: Final[LiteralString] = (
    "kafka_offset, (extract(epoch FROM ingested_at) * 1000)::bigint, "
    "(extract(epoch FROM watermark_before) * 1000)::bigint, " + EVENT_JSON.replace("{}", "{{}}")
)
"""With braces doubled, as `sql.SQL.format` takes them."""
_EVENTS: Final[LiteralString] = (
    f"SELECT {_COLUMNS} FROM {{}} "  # noqa: S608 (our own text)
    "WHERE topic = %s AND partition = %s AND kafka_offset >= %s AND kafka_offset < %s ORDER BY kafka_offset"
)
_CHOSEN: Final[LiteralString] = f"SELECT partition, topic, {_COLUMNS} FROM {{}} WHERE topic = ANY("  # noqa: S608


@dataclass(frozen=True, slots=True)
class Piece:
    """A batch of the past of one topic-partition.

    Attributes:
        records: The records; from the archive, each value is the canonical event as JSON.
        before: The watermark that each event met, as stored; None for records read from the topic.
        next_offset: Offset after the last record.
    """

    records: Records
    before: Ints | None
    next_offset: int


def archived(  # noqa: PLR0913
    connection: psycopg.Connection[Any],
    topic: str,
    partition: int,
    upto: int,
    *,
    start: int = 0,
    table: sql.Composable = _TABLE,
) -> Iterator[Piece]:
    """Yields the archive's events of a topic-partition below offset `upto`, in log order.

    The events go through the live decoder again, so that there is one reading of an event and not two.

    Args:
        connection: The database.
        topic: The topic.
        partition: Its partition.
        upto: Offset after the last record.
        start: Offset of the first record.
        table: What holds them, if not `events`.
    """
    with connection.transaction(), connection.cursor("archived") as cursor:
        # It only reads: nobody waits for it, however long a batch takes.
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.itersize = BATCH
        cursor.execute(sql.SQL(_EVENTS).format(table), (topic, partition, start, upto))
        while rows := cursor.fetchmany(BATCH):
            yield piece_of(topic, partition, rows)


def chosen_rows(
    connection: psycopg.Connection[Any], topics: list[str], where: sql.Composable, table: sql.Composable = _TABLE
) -> Iterator[tuple[Any, ...]]:
    """Yields the events for which a condition holds, by task, topic and place; the columns are in this order.

    One query for all of them: the archive has no index by partition.
    """
    # All of it literals: beside parameters, a per cent sign in a student's id would be one.
    query = sql.SQL(_CHOSEN).format(table) + sql.Literal(topics) + sql.SQL(") AND ") + where
    query += sql.SQL(' ORDER BY partition, topic COLLATE "C", kafka_offset')
    with connection.transaction(), connection.cursor("chosen") as cursor:
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.itersize = BATCH
        cursor.execute(query)
        while rows := cursor.fetchmany(BATCH):
            yield from rows


def piece_of(topic: str, partition: int, rows: list[tuple[Any, ...]]) -> Piece:
    """Returns rows of place, append time, watermark met and event as JSON as a batch."""
    offsets, appends, marks, values = zip(*rows, strict=True)
    nobody: list[bytes | None] = [None] * len(rows)
    texts: list[bytes | None] = [value.encode() for value in values]
    records = Records(topic, partition, list(offsets), list(appends), nobody, texts, accepted=True)
    before = np.array([NEVER if mark is None else mark for mark in marks], np.int64)
    return Piece(records, before, offsets[-1] + 1)


def tick_at(topic: str, partition: int, offset: int, watermark_ms: int) -> Records:
    """Returns a tick that brings a topic-partition to the watermark that the archive has reached."""
    return Records(topic, partition, [offset], [watermark_ms], [None], [None], [watermark_ms])


def from_topic(settings: Settings, topic: str, partition: int, start: int, end: int) -> Iterator[Piece]:
    """Yields the records of a topic-partition from offset `start` up to, not with, `end`.

    Raises:
        RefusedError: Where the log no longer has them.
    """
    config: dict[str, Any] = {
        **client_config(settings),
        "group.id": "classpulse-rebuild",
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
    }
    if start >= end:
        return
    consumer, place, base = Consumer(config), start, base_of(end)
    try:
        low, _high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=15)
        if base + low > start:
            text = (
                f"{topic}/{partition} begins at offset {base + low}, but neither it nor the archive has {start}: "
                "run archive"
            )
            raise RefusedError(text)
        consumer.assign([TopicPartition(topic, partition, start - base)])
        while place < end:
            consumed: list[Any] = consumer.consume(BATCH, timeout=1.0)
            messages = [m for m in consumed if m.error() is None and base + m.offset() < end]
            if not messages:
                place = max(place, base + consumer.position([TopicPartition(topic, partition)])[0].offset)
                continue
            values = [m.value() for m in messages]
            records = Records(
                topic,
                partition,
                [base + m.offset() for m in messages],
                [m.timestamp()[1] for m in messages],
                [m.key() for m in messages],
                values,
                [tick_of(m) if v is None else None for m, v in zip(messages, values, strict=True)],
                replayed=[is_replayed(m.headers()) for m in messages],
            )
            place = records.offsets[-1] + 1
            yield Piece(records, None, place)
    finally:
        consumer.close()
