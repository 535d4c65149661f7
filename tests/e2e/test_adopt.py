"""Kafka is lost; after `classpulse adopt` the flows go on in the same database, and both logs are one past."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from dataflows.eras import ERA
from tests.e2e import learners, remembering, studies, studying
from tests.e2e.harness import Stack, stack, wait_until
from tests.e2e.losing import assert_refuses, changes, in_era, kept, lose_topics
from tests.e2e.studies import DAY, START
from tests.e2e.tables import CONTENT, ENGAGEMENT, MEMORY, assert_holds, everything
from tests.oracle import content, engagement, memory
from tests.oracle.reading import Record

FLOWS = ("engagement", "content", "archive")


@pytest.mark.long
def test_flows_go_on_with_a_new_log_as_if_it_were_the_old_one(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    actions = studies.studies(students=24)
    third = len(actions) // 3
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        studying.tick(here)
        studies.publish(kafka, here.prefix, actions[:third])
        here.catch_up(*FLOWS)
        studies.publish(kafka, here.prefix, actions[third : third + 50])
        here.catch_up("engagement")  # alone: the archive never hears of these
        assert_refuses(here, "adopt", saying="nothing to adopt")
        first = kept(here, studying.records_of(here))

        lose_topics(here)
        assert_refuses(here, "run", "engagement", "--until-caught-up", saying="classpulse adopt")
        assert_refuses(here, "adopt", saying="kept nowhere: engagement 4")
        studies.publish(kafka, here.prefix, actions[third - 200 : 2 * third])  # producers send their last ones again
        broken_off(here, "adopt", "--accept-loss")
        here.command("adopt", "--accept-loss")
        stored = everything(here.database)
        assert_refuses(here, "adopt", saying="nothing to adopt")
        assert everything(here.database) == stored

        here.catch_up(*FLOWS)  # with the recovery stores of the lost log
        studies.publish(kafka, here.prefix, actions[2 * third :])
        studying.tick(here, START + 5 * DAY)
        here.catch_up(*FLOWS, workers=2)
        both = first + in_era(studying.records_of(here), 1)
        assert_lives_on(here, both)
        assert not changes(here.command("rebuild", "engagement"))
        assert not changes(here.command("rebuild", "content"))
        assert_lives_on(here, both)


@pytest.mark.soak
def test_where_one_topic_is_lost_the_others_go_on_where_they_were(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    actions = studies.studies(students=24)
    half = len(actions) // 2
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        studying.tick(here)
        studies.publish(kafka, here.prefix, actions[:half])
        here.catch_up(*FLOWS)
        first = studying.records_of(here)
        studies.publish(
            kafka, here.prefix, [action for action in actions[half : half + 50] if action.topic == studies.CLICKS]
        )
        here.catch_up("engagement", "content")  # the archive reads these after the loss

        lose_topics(here, only=studies.VIEWS)
        here.command("run", "engagement", "--until-caught-up")  # reads nothing of it
        here.command("adopt")
        studies.publish(kafka, here.prefix, actions[half:])
        studying.tick(here, START + 5 * DAY)
        here.catch_up(*FLOWS)
        views = here.topic(studies.VIEWS)
        lost = [record for record in first if record.topic == views]
        now = studying.records_of(here)
        refold = in_era([record for record in now if record.topic == views], 1)
        assert_lives_on(here, [*lost, *refold, *(record for record in now if record.topic != views)])
        assert not changes(here.command("rebuild", "content"))


def broken_off(here: Stack, *arguments: str) -> None:
    """Starts a command and kills it while it fills the shadow schema."""
    query = "SELECT 1 FROM pg_namespace WHERE nspname = 'classpulse_rebuild'"
    worker = here.start(*arguments)
    with psycopg.connect(here.database, autocommit=True) as connection:
        wait_until(lambda: connection.execute(query).fetchone() or not worker.running, "a shadow schema", 60)
    assert worker.running, worker.output
    worker.kill()


def assert_lives_on(here: Stack, records: list[Record]) -> None:
    clicks = [record for record in records if record.topic == here.topic(studies.CLICKS)]
    assert_holds(here.database, engagement.expect(clicks), *ENGAGEMENT)
    assert_holds(here.database, content.expect(records, content.ContentRules(prefix=here.prefix)), *CONTENT)
    with psycopg.connect(here.database) as connection:
        query = "SELECT topic, partition, kafka_offset FROM events"
        stored = connection.execute(query).fetchall()
    places = {(record.topic, record.partition, record.offset) for record in records}
    assert len(set(stored)) == len(stored)
    assert set(stored) <= places
    assert {place >= ERA for _topic, _partition, place in stored} == {False, True}


@pytest.mark.parametrize("ahead", ["archive", pytest.param("memory", marks=pytest.mark.soak)])
def test_memory_reads_from_the_archive_what_it_had_not_read_and_recommends_each_revision_once(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path, ahead: str
) -> None:
    log = learners.lessons(2_400)
    third = len(log) // 3
    pieces = log[:third], log[third : 2 * third], log[2 * third :]
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        remembering.tick(here)
        learners.publish(kafka, here.prefix, pieces[0])
        here.catch_up("memory", "archive")
        learners.publish(kafka, here.prefix, pieces[1])
        remembering.tick(here, pieces[1][-1].arrives_ms)
        here.catch_up(ahead)
        first, published = remembering.records_of(here), remembering.recommended(here)

        lose_topics(here)
        elsewhere(here)
        assert_refuses(here, "run", "memory", "--until-caught-up", saying="results of Kafka cluster elsewhere")
        said = here.command("adopt")
        assert ("that it had not read" in said) == (ahead == "archive"), said
        learners.publish(kafka, here.prefix, pieces[2])
        remembering.tick(here, log[-1].arrives_ms + 20 * learners.DAY)
        here.catch_up("memory", "archive", workers=2)
        both = memory.expect([*first, *in_era(remembering.records_of(here), 1)], memory.MemoryRules(prefix=here.prefix))
        assert_holds(here.database, both, *MEMORY)
        assert published.times + remembering.recommended(here).times == dict.fromkeys(both.recommendations, 1)
        assert not changes(here.command("rebuild", "memory"))


def elsewhere(here: Stack) -> None:
    """Makes results those of another cluster, as after a loss of the whole of it."""
    with psycopg.connect(here.database) as connection:
        connection.execute("UPDATE task_progress SET cluster_id = 'elsewhere'")
