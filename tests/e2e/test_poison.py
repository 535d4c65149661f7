"""No record stops a flow or a rebuild, whatever is in it; what is accepted is counted, live and rebuilt."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)

from dataflows.archive.rows import MOST_PAYLOAD
from tests.e2e.harness import Stack, stack
from tests.e2e.poison import NOW, event, zoo

FLOWS = ("engagement", "content", "memory", "archive")
MINUTE = 60_000


@pytest.mark.long
def test_hostile_records_stop_neither_flows_nor_rebuilds(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    hostile = list(zoo())
    with stack(kafka, timescale_url, topic_prefix, tmp_path, CLASSPULSE_MAX_AGE_DAYS="0") as here:
        _let_in(here, ("clickstream_events", "chapter_view_events", "module_quiz_events"))
        _send(here, "clickstream_events", [b for value in hostile for b in (value, event(student_id="ada"))])
        # Each topic has ids of its own: of an id that two topics tell at one instant the archive keeps both.
        views = (value.replace(b'"timestamp"', b'"start_time"') for value in zoo())
        _send(here, "chapter_view_events", [b for value in views for b in (value, _view())])
        _send(here, "module_quiz_events", [b for value in zoo() for b in (value, _quiz())])
        here.catch_up(*FLOWS)
        with psycopg.connect(here.database) as connection:
            counted = connection.execute("SELECT interactions FROM student_days WHERE student_id = 'ada'").fetchone()
            attempts = connection.execute("SELECT count(*) FROM quiz_attempts WHERE user_id = 'ada'").fetchone()
            visits = connection.execute("SELECT count(*) FROM chapter_visit_facts WHERE student_id = 'ada'").fetchone()
            kept = connection.execute("SELECT count(*) FROM events WHERE student_id <> 'ada'").fetchone()
            longest = connection.execute(
                "SELECT payload, payload_bytes, payload_sha256, kafka_offset FROM dead_letters "
                "WHERE topic = %s ORDER BY payload_bytes DESC LIMIT 1",
                (here.topic(),),
            ).fetchone()
        assert counted == (len(hostile),)
        assert attempts == (len(hostile),)
        assert visits is not None and visits[0] > 0
        assert kept is not None and kept[0] > 50
        huge = max(hostile, key=len)
        assert longest is not None
        payload, size, digest, offset = longest
        assert (size, digest) == (len(huge), hashlib.sha256(huge).hexdigest())
        assert base64.b64decode(payload) == huge[:MOST_PAYLOAD]
        reported = _dead_letter(here, offset)
        assert (reported["payload"], reported["payload_bytes"], reported["payload_sha256"]) == (payload, size, digest)
        for flow in ("engagement", "content", "memory"):
            _assert_same(here.command("rebuild", flow, "--dry-run"))
            _assert_same(here.command("rebuild", flow))
        here.catch_up(*FLOWS)


def test_what_was_accepted_under_wider_limits_is_rebuilt_under_narrower_ones(
    kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, postgres_url, topic_prefix, tmp_path, CLASSPULSE_MAX_AGE_DAYS="0") as here:
        ahead = event(student_id="ada")
        _send(here, "clickstream_events", [event(metadata={"note": "x" * 50_000}), ahead, _tomorrow()])
        wide = {"CLASSPULSE_MAX_FUTURE_S": "200000", "CLASSPULSE_MAX_EVENT_BYTES": "100000"}
        here.command("run", "engagement", "content", "archive", "--until-caught-up", **wide)
        narrow = {"CLASSPULSE_MAX_FUTURE_S": "1", "CLASSPULSE_MAX_EVENT_BYTES": "1000"}
        for flow in ("engagement", "content"):
            _assert_same(here.command("rebuild", flow, **narrow))
        with psycopg.connect(here.database) as connection:
            assert connection.execute("SELECT count(*) FROM events").fetchone() == (3,)
            known = connection.execute("SELECT student_id FROM student_state ORDER BY 1").fetchall()
            assert known == [("ada",), ("eve",), ("mallory",)]


def _let_in(here: Stack, topics: tuple[str, ...]) -> None:
    """Lets the broker take records of 4 MB."""
    admin = AdminClient({"bootstrap.servers": here.kafka})
    entry = ConfigEntry("max.message.bytes", "4194304", incremental_operation=AlterConfigOpType.SET)
    resources = [ConfigResource("topic", here.topic(name), incremental_configs=[entry]) for name in topics]
    for done in admin.incremental_alter_configs(resources).values():
        done.result(30)


def _send(here: Stack, topic: str, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": here.kafka, "message.max.bytes": 4_194_304})
    failed: list[str] = []

    def reported(error: object, _message: object) -> None:
        if error is not None:
            failed.append(str(error))

    for value in values:
        producer.produce(here.topic(topic), value, b"k", 0, on_delivery=reported)
    assert producer.flush(60) == 0
    assert not failed, failed[:3]


def _view() -> bytes:
    return event(student_id="ada", start_time=NOW, chapter_id="ch1", end_time=NOW + MINUTE)


def _quiz() -> bytes:
    return event(student_id="ada", module="m1", score=85)


def _tomorrow() -> bytes:
    return event(student_id="eve", timestamp=int(time.time() * 1000) + 86_400_000)


def _dead_letter(here: Stack, offset: int) -> dict[str, object]:
    consumer = Consumer({"bootstrap.servers": here.kafka, "group.id": "poison", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(here.topic("dead_letters"), p, 0) for p in range(4)])
    try:
        while True:
            message = consumer.poll(30)
            assert message is not None, "the dead letter was not published"
            if message.error() is None and message.key() == f"{here.topic()}/0/{offset}".encode():
                found: dict[str, object] = json.loads(message.value() or b"")
                return found
    finally:
        consumer.close()


def _assert_same(output: str) -> None:
    # | table | same | changed | added | removed | kept |
    tables = re.findall(r"│ +\w+ +│ +(\d+) +│ +(\d+) +│ +(\d+) +│ +(\d+) +│", output)
    assert sum(int(same) for same, *_ in tables) > 0, output
    assert all(differs == ["0"] * 3 for _same, *differs in tables), output
