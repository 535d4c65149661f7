"""A leader dies with records that its follower lacks, the follower leads, and its log grows past what was read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dataflows.kafka.topics import ALL_TOPICS
from tests.e2e.brokers import Brokers, brokers
from tests.e2e.harness import Stack, stack, wait_until
from tests.e2e.log import close, read_topic
from tests.e2e.losing import assert_refuses, changes, in_era
from tests.e2e.school import DAY, FRIDAY, log_of, publish
from tests.e2e.tables import ENGAGEMENT, assert_holds
from tests.oracle.engagement import expect

FLOWS = ("engagement", "archive")
REFUSED = "has lost its end (a broker that was behind became its leader)"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    with brokers(tmp_path_factory.mktemp("brokers")) as made:
        yield made


@pytest.mark.soak
@pytest.mark.parametrize("running", [True, False], ids=["while the workers run", "while they are stopped"])
def test_a_log_that_a_stale_leader_has_cut_and_that_grew_again_is_refused_and_adopted(
    cluster: Brokers, postgres_url: str, topic_prefix: str, tmp_path: Path, running: bool
) -> None:
    topic = f"{topic_prefix}clickstream_events"
    others = [f"{topic_prefix}{name}" for name in ALL_TOPICS if not topic.endswith(name)]
    cluster.create(others, 2, [3], **{"message.timestamp.type": "LogAppendTime"})
    unclean = {"unclean.leader.election.enable": "true", "min.insync.replicas": "1"}
    cluster.create([topic], 2, [1, 2], **{"message.timestamp.type": "LogAppendTime"}, **unclean)
    cluster.wait_for_leader(topic, 1, {1, 2})
    with stack(cluster.bootstrap, postgres_url, topic_prefix, tmp_path, CLASSPULSE_PARTITIONS="2") as here:
        cut_and_regrown(here, cluster, topic, running=running)


def cut_and_regrown(here: Stack, cluster: Brokers, topic: str, *, running: bool) -> None:
    messages = log_of(students=12, minutes=30)
    third = len(messages) // 3
    publish(cluster.bootstrap, topic, messages[:third])
    workers = [here.start("run", flow) for flow in FLOWS]

    def committed(count: int) -> None:
        wait_until(lambda: all(here.offsets(flow) == count for flow in FLOWS), f"{count} records")

    committed(third)
    cluster.nodes[2].kill()
    cluster.wait_for_leader(topic, 1, {1})
    publish(cluster.bootstrap, topic, messages[third : 2 * third])  # node 2 has none of these
    committed(2 * third)
    first = read_topic(cluster.bootstrap, topic)
    if not running:
        assert [worker.terminate() for worker in workers] == [0, 0]

    cluster.nodes[1].kill()
    cluster.start(2)
    cluster.wait_for_leader(topic, 2, {2})
    publish(cluster.bootstrap, topic, messages[2 * third :] + messages[: third // 2])
    second = read_topic(cluster.bootstrap, topic)
    assert (
        min(sum(r.partition == task for r in second) - sum(r.partition == task for r in first) for task in (0, 1)) > 0
    )
    if running:
        for worker in workers:
            assert worker.wait() == 3, worker.output
            said = " ".join(worker.output.split())
            assert REFUSED in said, said
            assert "classpulse adopt --lost-end" in said
    for flow in FLOWS:
        assert_refuses(here, "run", flow, "--until-caught-up", saying=REFUSED)
    assert [here.offsets(flow) for flow in FLOWS] == [2 * third] * 2

    assert_refuses(here, "adopt", saying="--lost-end")
    here.command("adopt", "--lost-end")
    close(cluster.bootstrap, topic, FRIDAY + 8 * DAY)
    here.catch_up(*FLOWS)
    both = first + in_era(read_topic(cluster.bootstrap, topic), 1)
    assert_holds(here.database, expect(both), *ENGAGEMENT)
    with psycopg.connect(here.database) as connection:
        kept = connection.execute("SELECT count(*), count(DISTINCT event_id) FROM events").fetchone()
    assert kept is not None
    assert kept[0] == kept[1] > 2 * third * 0.9
    assert not changes(here.command("rebuild", "engagement"))
    cluster.start(1)  # for the next
    cluster.wait_for_leader(topic, 2, {1, 2})
