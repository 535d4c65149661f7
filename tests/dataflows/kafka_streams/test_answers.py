"""Kafka Streams itself, built with Maven and asked again: about the recorded log, and about a real one."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path
from zlib import crc32

import pytest

from bench.engines.parts import java_project
from dataflows.operators.windows import Session
from local.managed_server import PartMissingError
from tests.dataflows.kafka_streams.recorded import ENDS, PARTITIONS, WRITTEN_TWICE, Answers, Event, ask, inputs, kept
from tests.dataflows.kafka_streams.test_agreement import counted, counts, minutes
from tests.e2e.test_moodle_counts import rows_of
from tests.parts import require

pytestmark = pytest.mark.soak

LOG = "moodle-oop-course.csv.gz"


@pytest.fixture(scope="module")
def java() -> list[str]:
    try:
        return java_project("kafka_streams")
    except PartMissingError as error:
        require("kafka_streams", available=False, reason=str(error))
        raise


@pytest.fixture(scope="module")
def real(data_dir: Path) -> dict[int, list[Event]]:
    """The log in partitions, each a little out of order, ended by records that close its windows."""
    require("data", (data_dir / LOG).exists(), f"{LOG} is not in {data_dir}")
    rng = random.Random(3)
    found: dict[int, list[Event]] = defaultdict(list)
    for row in rows_of(data_dir / LOG)[0]:
        event = {"event_name": "page_view", "student_id": row.student, "timestamp": row.at * 1000}
        named = {"class_id": row.chapter} if row.chapter else {}
        found[crc32(row.student.encode()) % PARTITIONS].append(event | named)
    for events in found.values():
        events.sort(key=lambda event: event["timestamp"] + rng.randrange(50_000))
        events += [{**events[-1], "student_id": "closing", "timestamp": ENDS + n * 86_400_000} for n in range(1, 4)]
    return dict(found)


@pytest.fixture(scope="module")
def real_answers(java: list[str], real: dict[int, list[Event]]) -> Answers:
    return ask(java, real, "dsl", "sessions_instant")


def test_the_kept_answers_are_those_of_kafka_streams(java: list[str]) -> None:
    answers = ask(java, inputs())
    for topology in WRITTEN_TWICE:
        rows = {p: {key.rpartition("/")[0]: row for key, row in of.items()} for p, of in answers.pop(topology).items()}
        assert rows == answers["dsl"], topology
    assert answers == kept()


def test_the_minutes_of_the_real_log_are_the_same(real: dict[int, list[Event]], real_answers: Answers) -> None:
    for partition, events in real.items():
        assert minutes(partition, events) == real_answers["dsl"][partition]


def test_the_sessions_of_the_real_log_are_the_same(real: dict[int, list[Event]], real_answers: Answers) -> None:
    for partition, events in real.items():
        ours = counts(Session(1800), 5400, events, partition)
        assert ours == counted(real_answers["sessions_instant"][partition])
