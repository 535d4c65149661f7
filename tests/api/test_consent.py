"""Consent through the gateway and the flows: a student's word reaches every topic, and counts from its place on."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dataflows.flows import named
from dataflows.kafka.topics import INPUT_TOPICS
from tests.api.client import Served, served
from tests.cli.running import topic_records
from tests.e2e.harness import Stack, stack
from tests.e2e.school import Message, publish
from tests.waiting import until

GROUND = "Art. 6(1)(e) GDPR: the school has to grade"
FLOWS = ("engagement", "content", "memory", "archive")
QUIZZES = "module_quiz_events"


def event(student: str, name: str, **more: Any) -> dict[str, Any]:
    now = time.time_ns() // 1_000_000
    said = {"event_id": str(uuid.uuid4()), "student_id": student, "event_name": name, "timestamp": now}
    return said | {"class_id": "7B"} | more


def quiz(student: str, score: int) -> dict[str, Any]:
    return {"event_id": str(uuid.uuid4()), "user_id": student, "module": "m1", "score": score}


@pytest.fixture
def here(kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path) -> Iterator[Stack]:
    duties = json.dumps({"module_quiz_completed": GROUND})
    with stack(kafka, timescale_url, topic_prefix, tmp_path, CLASSPULSE_CONSENT_DUTIES=duties) as made:
        yield made


@pytest.fixture
def gateway(here: Stack, tmp_path: Path) -> Iterator[Served]:
    settings = {"CLASSPULSE_TOPIC_PREFIX": here.prefix, "CLASSPULSE_API_OPEN": "always", **here.settings}
    with served(here.kafka, here.database, tmp_path, CLASSPULSE_API_TICKS="false", **settings) as running:
        yield running


def fetch(here: Stack, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(here.database, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def past_the_gateway(here: Stack, *events: dict[str, Any]) -> None:
    """A producer that asks nobody."""
    values = [Message(0, event["student_id"].encode(), json.dumps(event).encode()) for event in events]
    publish(here.kafka, here.topic(), values)


def differing(here: Stack) -> dict[str, Any]:
    """Returns what a rebuild would change, by table."""
    settings = here.own_settings
    reports = [named(flow).rebuilder()(settings, lambda *_: None, dry_run=True) for flow in FLOWS if flow != "archive"]
    tables = [table for report in reports for table in report.tables]
    return {t.table: (t.changed, t.added, t.removed) for t in tables if t.changed or t.added or t.removed}


@pytest.mark.long
def test_from_the_word_on_nothing_counts_anywhere_until_it_is_taken_back(here: Stack, gateway: Served) -> None:
    """Ann withdraws and gives again; Bob is as ever. The stores of workers that ran before go on."""
    assert gateway.send([event("ann", "page_view"), event("bob", "page_view")]).statuses == ["ok", "ok"]
    assert gateway.send(quiz("ann", 80), "/api/events/quiz").statuses == ["ok"]
    here.catch_up("engagement", "memory")

    withdrawn = event("ann", "consent_withdrawn")
    answer = gateway.send([event("ann", "scroll"), withdrawn, event("ann", "scroll"), event("bob", "scroll")])
    assert (answer.status, answer.statuses) == (200, ["ok", "ok", "withheld", "ok"])
    assert answer.json["accepted"] == 3
    assert gateway.send(event("ann", "page_view")).statuses == ["withheld"]
    assert gateway.send(withdrawn).statuses == ["duplicate"]
    assert gateway.send(quiz("ann", 60), "/api/events/quiz").statuses == ["ok"], "a duty, on its ground"
    assert gateway.send({"user_id": "ann", "event_id": str(uuid.uuid4())}, "/api/events/login").statuses == ["withheld"]
    past_the_gateway(here, event("ann", "button_click"), event("ann", "video_play", video_id="v1"))
    view = {
        "student_id": "ann",
        "chapter_id": "ch1",
        "start_time": time.time_ns() // 1_000_000 - 5000,
        "class_id": "7B",
    }
    publish(here.kafka, here.topic("chapter_view_events"), [Message(0, b"ann", json.dumps(view).encode())])

    for topic in INPUT_TOPICS:
        said = [json.loads(r.value() or b"{}") for r in topic_records(here.kafka, here.topic(topic)) if r.value()]
        words = [one for one in said if one.get("event_name") == "consent_withdrawn"]
        assert [one["student_id"] for one in words] == ["ann"], topic
        assert (words[0]["event_id"] == withdrawn["event_id"]) == (topic == "clickstream_events")

    here.catch_up(*FLOWS)
    kept = "SELECT event_name FROM events WHERE student_id = 'ann' ORDER BY topic, kafka_offset"
    assert fetch(here, kept) == [("page_view",), ("scroll",), ("module_quiz_completed",), ("module_quiz_completed",)]
    assert fetch(here, "SELECT student_id, interactions FROM student_days ORDER BY 1") == [("ann", 2), ("bob", 2)]
    assert fetch(here, "SELECT student_id, interactions FROM student_click_days ORDER BY 1") == [("ann", 2), ("bob", 2)]
    assert fetch(here, "SELECT user_id, score FROM quiz_attempts ORDER BY place") == [("ann", 80.0), ("ann", 60.0)]
    assert fetch(here, "SELECT count(*) FROM chapter_visit_facts WHERE source <> 'clickstream'") == [(0,)]
    assert fetch(here, "SELECT count(*) FROM learning_events") == [(0,)]
    assert fetch(here, "SELECT * FROM withdrawn_students") == [("ann",)]
    spread = "SELECT count(*), count(DISTINCT topic), bool_and(withdrawn) FROM consents"
    assert fetch(here, spread) == [(len(INPUT_TOPICS), len(INPUT_TOPICS), True)]
    assert differing(here) == {}

    answer = gateway.send([event("ann", "scroll"), event("ann", "consent_given"), event("ann", "scroll")])
    assert answer.statuses == ["withheld", "ok", "ok"]
    here.catch_up("engagement", "archive")
    assert fetch(here, "SELECT student_id, interactions FROM student_days ORDER BY 1") == [("ann", 3), ("bob", 2)]
    assert fetch(here, "SELECT * FROM withdrawn_students") == []

    with psycopg.connect(here.database, autocommit=True) as owner:  # what another gateway took, as a flow wrote it
        owner.execute("UPDATE consents SET student_id = 'cyd' WHERE withdrawn")
    until(lambda: gateway.send(event("cyd", "scroll")).statuses == ["withheld"], 60)
