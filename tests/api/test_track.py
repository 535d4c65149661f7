"""`POST /v1/track` on the real Kafka: an answer for each event, and what is answered `ok` lies in the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataflows.kafka.keys import partition_of
from dataflows.kafka.topics import create_or_check
from dataflows.settings import Settings
from local.postgres import Postgres
from tests.api.client import Served, served
from tests.cli.running import topic_records
from tests.databases import migrated_database

PREFIX = "gate."


@pytest.fixture(scope="module")
def gateway(kafka: str, postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One gateway for all tests of this file, on topics of its own."""
    create_or_check(Settings(kafka_bootstrap_servers=kafka, topic_prefix=PREFIX))
    with migrated_database(postgres_server) as database:
        folder: Path = tmp_path_factory.mktemp("gateway")
        with served(kafka, database, folder, CLASSPULSE_TOPIC_PREFIX=PREFIX) as gateway:
            yield gateway


def test_the_requirements_own_curl_works_as_it_stands(gateway: Served, kafka: str) -> None:
    quiz = {"user_id": "test_user", "domain": "dsa", "module": "dsa-arrays", "score": 85, "time_taken": 300}
    answer = gateway.send(quiz, "/api/events/quiz")
    assert (answer.status, answer.statuses) == (200, ["ok"])
    event_id = answer.json["results"][0]["id"]
    (record,) = [r for r in topic_records(kafka, f"{PREFIX}module_quiz_events") if r.key() == b"test_user"]
    value = json.loads(record.value() or b"")
    assert value["event_id"] == event_id and event_id[14] == "7"
    assert {name: value[name] for name in quiz} == quiz
    assert abs(value["timestamp"] - record.timestamp()[1]) < 5000 and value["timestamp_from"] == "receipt"
    assert record.partition() == partition_of(b"test_user", 4)
