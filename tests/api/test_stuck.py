"""A teacher's answer goes from the gateway through Kafka to the student's task, and ends the entry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api import tokens
from dataflows.kafka.topics import CLICKSTREAM, create_or_check
from dataflows.settings import Settings
from dataflows.stuck import flow
from dataflows.testing import Driver
from local.postgres import Postgres
from tests.api.client import Client, served
from tests.cli.running import topic_records
from tests.databases import migrated_database
from tests.waiting import until

PREFIX = "stuck."
PATH = "/engagement/class/7B/stuck"
BODY = {"student_id": "ann", "item_id": "fractions", "answer": "helped"}


@pytest.fixture(scope="module")
def teacher(kafka: str, postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Clients of a gateway by their rights; ann has been on 7B's list for a minute, by what the flow itself writes."""
    create_or_check(Settings(kafka_bootstrap_servers=kafka, topic_prefix=PREFIX))
    with migrated_database(postgres_server) as database:
        with psycopg.connect(database, autocommit=True) as owner:
            for row in failing().rows("stuck_episodes"):
                columns = ", ".join(row)
                values = ", ".join(f"%({name})s" for name in row)
                owner.execute(f"INSERT INTO stuck_episodes ({columns}) VALUES ({values})".encode(), row)
            owner.execute(CHANCE.encode())
            made = {of: tokens.create(owner, [f"read:class:{of}"], f"Ms {of}") for of in ("7B", "8A")}
        folder: Path = tmp_path_factory.mktemp("gateway")
        with served(kafka, database, folder, CLASSPULSE_TOPIC_PREFIX=PREFIX) as gateway:
            yield {of: Client(gateway.port, token) for of, token in made.items()}


NOW = datetime.now(UTC)
RISK = "/engagement/class/7B/risk"
CHANCE = """
INSERT INTO predictions VALUES (now() - interval '1 day', 'risk', 'ann', 'math', '7B', 6, 0.62, '{last score 30}',
    '[{"if": "scores 70", "chance": 0.4}]', '{}',
    '{"n": 80, "share": 0.6, "error": 0.05, "judged_on": "2014J"}', 'risk-1')
"""


def failing() -> Driver:
    """Returns the task of a student who has failed three times."""
    driver = Driver(flow)
    answer = {"event_name": "quiz_answer", "assessment_id": "fractions", "class_id": "7B", "course_id": "math"}
    driver.send(
        [answer | {"timestamp": NOW - timedelta(minutes=ago), "metadata": {"correct": False}} for ago in (3, 2, 1)]
    )
    return driver


def test_an_answer_ends_the_entry_and_says_who_gave_it(kafka: str, teacher: dict[str, Client]) -> None:
    shown = teacher["7B"].get(PATH).json
    assert (shown["waiting"], [(each["student_id"], each["kind"]) for each in shown["items"]]) == (
        1,
        [("ann", "wrong_answers")],
    )
    assert teacher["7B"].send(BODY, PATH).status == 204
    records = [record for record in topic_records(kafka, PREFIX + CLICKSTREAM) if record.value() is not None]
    [record] = records  # all others are ticks
    said = json.loads(record.value() or b"")
    assert (record.key(), said["role"], said["event_name"]) == (b"ann", "teacher", "stuck_helped")
    assert said["metadata"]["actor"] == "Ms 7B"
    driver = failing()
    driver.send([said])
    [row] = driver.rows("stuck_episodes")
    assert row["outcome"] == "helped"


def test_who_may_not_see_the_class_may_not_answer_and_only_what_is_listed_is_answered(
    teacher: dict[str, Client],
) -> None:
    assert teacher["8A"].get(PATH).status == 403
    assert teacher["8A"].send(BODY, PATH).status == 403
    assert teacher["7B"].send(BODY | {"item_id": "decimals"}, PATH).status == 404
    assert teacher["7B"].send(BODY | {"answer": "fired"}, PATH).status == 422


def test_a_chance_comes_with_its_calibration_and_is_set_aside_with_a_reason(teacher: dict[str, Client]) -> None:
    [shown] = teacher["7B"].get(RISK).json["items"]
    assert (shown["probability"], shown["came_true"], shown["came_true_of"]) == (0.62, 0.6, 80)
    assert (shown["reasons"], shown["changes"]) == (["last score 30"], ["scores 70: 40 %"])
    said = {"student_id": "ann", "course_id": "math", "why": "was ill"}
    assert teacher["8A"].send(said, RISK).status == 403
    assert teacher["7B"].send(said | {"why": " "}, RISK).status == 404
    assert teacher["7B"].send(said | {"student_id": "bob"}, RISK).status == 404
    assert teacher["7B"].send(said, RISK).status == 204
    until(lambda: teacher["7B"].get(RISK).json["items"][0]["dismissed_why"] == "was ill")
    assert teacher["7B"].get(RISK).json["items"][0]["dismissed_by"].startswith("Ms 7B (")
