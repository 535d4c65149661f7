"""Whatever goes wrong, in any order: the tables are what an undisturbed reading of the same log gives.

`make faults` runs it; `CLASSPULSE_FAULTS_TEST=200` sets how many, `CLASSPULSE_SEED_TEST=7` plays a run again.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataflows.kafka.topics import ALL_TOPICS
from local.managed_server import PartMissingError
from local.postgres import Postgres
from tests.e2e.brokers import Brokers, brokers
from tests.e2e.faults import FAULTS, Run
from tests.e2e.harness import stack
from tests.e2e.log import close, read_topic
from tests.e2e.school import MINUTE, Message, log_of, publish
from tests.e2e.tables import assert_holds
from tests.oracle.engagement import expect
from tests.parts import require

COUNT = int(os.environ.get("CLASSPULSE_FAULTS_TEST", len(FAULTS)))
SEED = int(os.environ.get("CLASSPULSE_SEED_TEST", "14"))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Brokers]:
    with brokers(tmp_path / "brokers") as made:
        yield made


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Postgres]:
    """A server of its own: it is killed."""
    tmp_path.chmod(0o711)
    made = Postgres(tmp_path, timescaledb=True)
    try:
        made.start()
    except PartMissingError as error:
        require("timescale", available=False, reason=str(error))
    yield made
    made.destroy()


@pytest.mark.soak
@pytest.mark.timeout(7_200)
def test_any_faults_in_any_order_leave_the_tables_of_an_undisturbed_run(
    cluster: Brokers, database: Postgres, topic_prefix: str, tmp_path: Path
) -> None:
    rng = random.Random(SEED)
    order = [fault for _ in range(-(-COUNT // len(FAULTS))) for fault in rng.sample(FAULTS, len(FAULTS))][:COUNT]
    topics = [f"{topic_prefix}{name}" for name in ALL_TOPICS]
    config = {"message.timestamp.type": "LogAppendTime", "min.insync.replicas": "2"}
    cluster.create(topics, 4, [1, 2, 3], **config)
    messages = log_of()
    folder = tmp_path / "deployment"
    folder.mkdir()
    url = database.url()
    with stack(cluster.bootstrap, url, topic_prefix, folder, CLASSPULSE_REPLICATION="3") as here:
        run = Run(here, cluster, database, rng)
        run.start()
        published = 0
        for number, fault in enumerate(order, 1):
            piece = messages[len(messages) * (number - 1) // COUNT : len(messages) * number // COUNT]
            print(f"fault {number} of {COUNT}, seed {SEED}: {fault.__name__}", file=sys.stderr, flush=True)
            feeder = threading.Thread(target=feed, args=(cluster.bootstrap, here.topic(), piece))
            feeder.start()
            fault(run)
            feeder.join()
            published += len(piece)
            for flow in ("engagement", "archive"):
                here.wait_for_offset(published, flow)
            run.still_runs()
        assert run.worker.terminate(120) == 0, run.worker.output[-6000:]
        close(cluster.bootstrap, here.topic(), messages[-1].arrives_ms + 65 * MINUTE)
        here.catch_up(workers=2)
        assert_holds(here.database, expect(read_topic(cluster.bootstrap, here.topic())))


def feed(kafka: str, topic: str, piece: list[Message]) -> None:
    """Publishes in four gushes, so that a fault strikes between and within them."""
    for gush in range(4):
        publish(kafka, topic, piece[len(piece) * gush // 4 : len(piece) * (gush + 1) // 4])
