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
from tests.e2e.learners import DAY, Lesson, lessons, publish
from tests.e2e.remembering import assert_recommended, assert_remembers, records_of, tick
from tests.oracle.memory import ExpectedMemory, MemoryRules, expect
from tests.oracle.reading import Record


def test_without_its_store_and_with_trimmed_topics_memory_goes_on_from_a_rebuild(
    kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    log = lessons(1_600)
    first, second = log[:800], log[800:]
    reported = [one for one in first if one.topic == "module_quiz_events" and "score" in one.body][-5:]
    with stack(kafka, postgres_url, topic_prefix, tmp_path) as here:
        before = rebuilt_after_loss(here, first)
        publish(kafka, here.prefix, [otherwise(one) for one in reported])  # by a topic that is believed more
        publish(kafka, here.prefix, second)
        tick(here, log[-1].arrives_ms + 20 * DAY)
        here.catch_up("memory", workers=2)
        assert_remembers(here, then := expected(here, before))
        assert then.quiz_attempts[reported[0].at, reported[0].body["event_id"]]["score"] == 1
        assert len(then.recommendations) > 100
        found = assert_recommended(here, then)
        twice = {found.bodies[event_id]["user_id"] for event_id, times in found.times.items() if times > 1}
        assert twice <= {one.user for one in reported}, (
            "what is told otherwise may be announced again, and nothing else"
        )


@pytest.mark.soak
def test_killed_at_any_instant_it_begins_at_the_rebuild_again(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    rng, log = random.Random(7), lessons(8_000)
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        before = rebuilt_after_loss(here, log[:4_000])
        for kill in range(8):
            publish(kafka, here.prefix, log[4_000 + 500 * kill : 4_500 + 500 * kill])
            worker, claimed = here.start("run", "memory", "--workers", str(1 + kill % 2)), generations(here)
            wait_until(lambda: generations(here) > claimed or not worker.running, "a claim", 60)  # noqa: B023
            time.sleep(rng.uniform(0, 1.5))
            assert worker.running, worker.output[-4000:]
            worker.kill()
        tick(here, log[-1].arrives_ms + 20 * DAY)
        here.catch_up("memory", workers=2)
        assert_remembers(here, then := expected(here, before))
        assert_recommended(here, then)


def rebuilt_after_loss(here: Stack, log: list[Lesson]) -> list[Record]:
    """Runs the flow over a log, loses its store and the topics' records, rebuilds; returns what the topics held."""
    tick(here)
    publish(here.kafka, here.prefix, log)
    tick(here, log[-1].arrives_ms)
    here.catch_up("memory", "archive")
    before = records_of(here)
    lose_store_and_beginning(here, before)
    here.command("rebuild", "memory")
    assert_remembers(here, expected(here, before))
    return before


def expected(here: Stack, before: list[Record]) -> ExpectedMemory:
    """Returns what the oracle makes of the topics as they were before they were trimmed and of what came since."""
    return expect([*before, *records_of(here)], MemoryRules(prefix=here.prefix))


def lose_store_and_beginning(here: Stack, held: list[Record]) -> None:
    """Deletes the recovery stores and all records of the flow's topics; the flow then refuses and says what to do."""
    shutil.rmtree(here.recovery)
    admin = AdminClient({"bootstrap.servers": here.kafka})
    ends: dict[tuple[str, int], int] = {}
    for record in held:
        place = record.topic, record.partition
        ends[place] = max(record.offset + 1, ends.get(place, 0))
    for done in admin.delete_records([TopicPartition(*place, end) for place, end in ends.items()]).values():
        done.result(30)
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
