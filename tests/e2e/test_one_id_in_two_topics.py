"""An id at one instant in two topics is an event of each: every flow counts its own topics', live and rebuilt."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import Producer

from tests.e2e.harness import Stack, stack
from tests.e2e.poison import NOW, event
from tests.e2e.tables import CONTENT, ENGAGEMENT, MEMORY, dump

FLOWS = {"engagement": ENGAGEMENT, "content": CONTENT, "memory": MEMORY}
MINUTE = 60_000
QUIZ = {"event_name": "quiz_submit", "chapter_id": "ch1", "metadata": {"module": "m1", "score": 40}}
TOLD: dict[str, dict[str, Any]] = {
    "clickstream_events": QUIZ,
    "chapter_view_events": {"chapter_id": "ch2", "scroll_depth": 80},
    "module_quiz_events": {"module": "m1", "score": 85},
    "user_login_events": {},
}
"""What four topics tell under one id and time, each something of its own."""
IDS = [str(uuid.UUID(int=n + 1)) for n in range(3)]


@pytest.mark.long
def test_each_flow_rebuilt_is_what_it_was_live(
    kafka: str, either_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, either_database, topic_prefix, tmp_path, CLASSPULSE_MAX_AGE_DAYS="0") as here:
        # Of the first id the clickstream tells first, of the second it does last, of the third all tell at once.
        clicks, others = ["clickstream_events"], list(TOLD)[1:]
        for beginning in ((clicks, others, list(TOLD)), (others, clicks, [])):
            send(here, [(topic, record_of(topic, nth)) for nth, topics in enumerate(beginning) for topic in topics])
            here.catch_up(*FLOWS, "archive")
        send(here, [("clickstream_events", event(student_id="eve", timestamp=NOW + 200 * MINUTE))])
        here.catch_up(*FLOWS, "archive")
        with psycopg.connect(here.database) as connection:
            stored = connection.execute(
                "SELECT event_id, array_agg(topic ORDER BY topic) FROM events "
                "WHERE student_id = 'ada' GROUP BY 1 ORDER BY 1"
            ).fetchall()
        assert stored == [(one, sorted(map(here.topic, TOLD))) for one in IDS]
        live = {table: dump(here.database, table) for tables in FLOWS.values() for table in tables}
        # Of a fact that two topics tell, the topic further left in the contract is believed.
        assert [row["score"] for row in live["quiz_attempts"].values()] == [40.0] * 3
        assert {row["chapter_id"] for row in live["chapter_visit_facts"].values()} == {"ch2"}
        assert len(live["learning_events"]) == 3
        for flow, tables in FLOWS.items():
            assert_same(here.command("rebuild", flow, "--dry-run"))
            here.command("rebuild", flow)
            assert {table: dump(here.database, table) for table in tables} == {table: live[table] for table in tables}


def record_of(topic: str, nth: int) -> bytes:
    at = NOW + 10 * nth * MINUTE
    time = {"start_time": at, "end_time": at + 9 * MINUTE} if topic == "chapter_view_events" else {"timestamp": at}
    body = {"event_id": IDS[nth], "student_id": "ada", "class_id": "7A", **time, **TOLD[topic]}
    return json.dumps(body).encode()


def send(here: Stack, values: list[tuple[str, bytes]]) -> None:
    producer, failed = Producer({"bootstrap.servers": here.kafka}), list[str]()

    def reported(error: object, _message: object) -> None:
        if error is not None:
            failed.append(str(error))

    for topic, value in values:
        producer.produce(here.topic(topic), value, b"k", 0, on_delivery=reported)
    assert producer.flush(60) == 0
    assert not failed, failed


def assert_same(output: str) -> None:
    # | table | same | changed | added | removed | kept |
    tables = re.findall(r"│ +\w+ +│ +(\d+) +│ +(\d+) +│ +(\d+) +│ +(\d+) +│", output)
    assert sum(int(same) for same, *_ in tables) > 0, output
    assert all(differs == ["0"] * 3 for _same, *differs in tables), output
