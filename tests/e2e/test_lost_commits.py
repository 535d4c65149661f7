"""A database that lost its last commits: nobody writes on over the hole, and after the advice the tables are right."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]
from psycopg.types.json import Jsonb

from tests.e2e.harness import Stack, stack, wait_until
from tests.e2e.log import close, read_topic
from tests.e2e.losing import assert_refuses
from tests.e2e.school import MINUTE, log_of, publish
from tests.e2e.tables import ENGAGEMENT, assert_holds
from tests.oracle.engagement import expect

Places = list[tuple[str, int, dict[str, int], dict[str, int]]]
FLOWS = ("engagement", "archive")


def places(here: Stack) -> Places:
    """Returns how far each task of each flow has come."""
    with psycopg.connect(here.database) as connection:
        return connection.execute("SELECT flow, task, offsets, watermarks FROM task_progress ORDER BY 1, 2").fetchall()


def set_back(here: Stack, then: Places) -> None:
    """Takes the database back to what it held then, as far as flows look at it; the generations stay."""
    with psycopg.connect(here.database) as connection:
        connection.execute("SELECT FROM task_progress FOR UPDATE")
        for flow, task, offsets, marks in then:
            connection.execute(
                "UPDATE task_progress SET offsets = %s, watermarks = %s WHERE flow = %s AND task = %s",
                (Jsonb(offsets), Jsonb(marks), flow, task),
            )
            if flow == "archive":
                for table in ("events", "dead_letters"):
                    connection.execute(
                        f"DELETE FROM {table} WHERE partition = %s AND kafka_offset >= %s".encode(),
                        (task, offsets[here.topic()]),
                    )
        for table in ENGAGEMENT:
            connection.execute(f"TRUNCATE {table}".encode())  # what of it was lost is not known: all


@pytest.mark.parametrize("live", [True, False], ids=["under a live worker", "before a restart"])
def test_a_database_that_lost_its_last_commits_is_refused_and_a_rebuild_makes_it_whole(
    kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path, live: bool
) -> None:
    messages = log_of(students=24, minutes=40)
    third = len(messages) // 3
    with stack(kafka, postgres_url, topic_prefix, tmp_path) as here:
        publish(kafka, here.topic(), messages[:third])
        workers = [here.start("run", flow) for flow in FLOWS]

        def committed(count: int) -> None:
            wait_until(lambda: all(here.offsets(flow) == count for flow in FLOWS), f"{count} records")

        committed(third)
        then = places(here)
        publish(kafka, here.topic(), messages[third : 2 * third])
        committed(2 * third)
        if not live:
            assert [worker.terminate() for worker in workers] == [0, 0]
        set_back(here, then)
        publish(kafka, here.topic(), messages[2 * third :])
        close(kafka, here.topic(), messages[-1].arrives_ms + 65 * MINUTE)
        if live:
            for worker in workers:
                assert worker.wait() == 3, worker.output
                assert "the database no longer holds what this worker wrote" in worker.output
                assert "classpulse rebuild" in worker.output
        assert places(here) == then, "nothing was written over the hole"
        if not live:
            for flow in FLOWS:
                assert_refuses(here, "run", flow, "--until-caught-up", saying="it lost its last commits")
        shutil.rmtree(here.recovery)
        here.catch_up("archive")
        here.command("rebuild", "engagement")
        here.catch_up("engagement")
        assert_holds(here.database, expect(read_topic(kafka, here.topic())))


def test_partitions_added_while_the_recovery_store_was_lost_are_refused(
    kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, postgres_url, topic_prefix, tmp_path) as here:
        publish(kafka, here.topic(), log_of(students=8, minutes=10))
        here.catch_up("engagement")
        shutil.rmtree(here.recovery)
        admin, topics = AdminClient({"bootstrap.servers": kafka}), (here.topic(), here.topic("chapter_view_events"))
        for topic in topics:
            admin.create_partitions([NewPartitions(topic, 6)])[topic].result(15)
        wait_until(lambda: all(len(admin.list_topics(t).topics[t].partitions) == 6 for t in topics), "six partitions")
        for flow in ("engagement", "content"):  # the other has never run, but would count the same students
            assert_refuses(here, "run", flow, "--until-caught-up", "--workers", "2", saying="had 4 partitions")
