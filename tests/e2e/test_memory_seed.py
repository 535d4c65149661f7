"""The memory flow without its recovery store, after its topics have lost their beginning: it goes on from a rebuild."""

from __future__ import annotations

import random
import shutil
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from tests.e2e.harness import Stack, stack, wait_until
from tests.e2e.learners import DAY, TOPICS, Lesson, lessons, publish
from tests.e2e.log import read_topic
from tests.e2e.remembering import assert_recommended, assert_remembers, records_of, tick
from tests.oracle.memory import ExpectedMemory, MemoryRules, expect
from tests.oracle.reading import Record


@pytest.mark.parametrize(
    ("events", "database", "kills"),
    [(2_400, "postgres_url", 1), pytest.param(8_000, "timescale_url", 6, marks=pytest.mark.soak)],
)
def test_without_its_store_and_with_trimmed_topics_memory_goes_on_from_a_rebuild(  # noqa: PLR0913
    request: pytest.FixtureRequest,
    kafka: str,
    topic_prefix: str,
    tmp_path: Path,
    events: int,
    database: str,
    kills: int,
) -> None:
    rng = random.Random(7)
    log = lessons(events)
    first, second, third = log[: events // 2], log[events // 2 : events * 3 // 4], log[events * 3 // 4 :]
    told = [one for one in first if one.topic == "module_quiz_events" and "score" in one.body][-5:]
    with stack(kafka, request.getfixturevalue(database), topic_prefix, tmp_path) as here:
        tick(here)
        publish(kafka, here.prefix, first)
        here.catch_up("memory", "archive")
        before = records_of(here)
        lose_store_and_beginning(here)
        here.command("rebuild", "memory")
        assert_remembers(here, expected(here, before))

        publish(kafka, here.prefix, [otherwise(one) for one in told])  # by a topic that is believed more
        publish(kafka, here.prefix, second)
        tick(here, second[-1].arrives_ms)
        here.catch_up("memory", workers=2)
        assert_remembers(here, then := expected(here, before))
        assert then.quiz_attempts[told[0].at, told[0].body["event_id"]]["score"] == 1
        assert len(then.recommendations) > events // 100
        assert set(assert_recommended(here, then).times.values()) == {1}

        shutil.rmtree(here.recovery)
        publish(kafka, here.prefix, third)
        for kill in range(kills):  # each begins at the seed again, or at the snapshot that the last one left
            worker = here.start("run", "memory", "--workers", str(1 + kill % 2))
            claimed = generations(here)
            wait_until(lambda: generations(here) > claimed or not worker.running, "a claim", 60)  # noqa: B023
            time.sleep(rng.uniform(0, 1.5))
            assert worker.running, worker.output[-4000:]
            worker.kill()
        tick(here, log[-1].arrives_ms + 20 * DAY)
        here.catch_up("memory", workers=2)
        assert_remembers(here, then := expected(here, before))
        assert_recommended(here, then)


def expected(here: Stack, before: list[Record]) -> ExpectedMemory:
    """Returns what the oracle makes of the topics as they were before they were trimmed and of what came since."""
    return expect([*before, *records_of(here)], MemoryRules(prefix=here.prefix))


def lose_store_and_beginning(here: Stack) -> None:
    """Deletes the recovery stores and all records of the flow's topics; the flow then refuses and says what to do."""
    shutil.rmtree(here.recovery)
    admin = AdminClient({"bootstrap.servers": here.kafka})
    ends: dict[tuple[str, int], int] = {}
    for record in records_of(here):
        place = record.topic, record.partition
        ends[place] = max(record.offset + 1, ends.get(place, 0))
    for done in admin.delete_records([TopicPartition(*place, end) for place, end in ends.items()]).values():
        done.result(30)
    assert not any(read_topic(here.kafka, here.topic(topic)) for topic in TOPICS)
    refused = here.start("run", "memory", "--until-caught-up")
    assert refused.wait() == 3
    assert "classpulse rebuild memory" in refused.output


def otherwise(one: Lesson) -> Lesson:
    """Returns the same attempt as the clickstream tells it, with another score."""
    kept = {name: one.body[name] for name in ("event_id", "user_id", "timestamp")}
    said = {"module": one.body["module"], "domain": one.body["domain"], "score": 1}
    return replace(one, topic="clickstream_events", body=kept | {"event_name": "quiz_submit", "metadata": said})


def generations(here: Stack) -> int:
    """Returns how often tasks of the flow have been claimed."""
    with psycopg.connect(here.database) as connection:
        row = connection.execute("SELECT sum(generation) FROM task_progress WHERE flow = 'memory'").fetchone()
    return int(row[0]) if row else 0
