"""Killed at any instant and resumed by any number of processes, the tables are those of an undisturbed run."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from tests.e2e.harness import Stack, Worker, stack
from tests.e2e.log import close, read_topic
from tests.e2e.poller import Poller
from tests.e2e.school import MINUTE, Message, log_of, publish
from tests.e2e.tables import assert_holds
from tests.oracle.engagement import expect

PATIENCE_S = 40


@pytest.mark.long
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("kills", [6, pytest.param(22, marks=pytest.mark.soak)])
def test_kills_leave_the_same_tables_and_no_number_ever_falls(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path, kills: int
) -> None:
    rng = random.Random(20)
    messages = log_of()
    settings = {"CLASSPULSE_SNAPSHOT_INTERVAL_S": "2", "CLASSPULSE_BATCH_RECORDS": "200", "CLASSPULSE_SCANNER": "true"}
    with stack(kafka, timescale_url, topic_prefix, tmp_path, **settings) as here, Poller(here.database) as poller:
        mid_work = 0
        for kill in range(kills):
            piece = messages[len(messages) * kill // kills : len(messages) * (kill + 1) // kills]
            mid_work += kill_once(here, rng, kill, piece)
        close(kafka, here.topic(), messages[-1].arrives_ms + 65 * MINUTE)
        here.catch_up(workers=2)
        expected = expect(read_topic(kafka, here.topic()))
        assert_holds(here.database, expected)
    assert not poller.falls, "\n".join(poller.falls[:20])
    assert poller.looks > kills
    assert mid_work >= kills // 2, "most kills must strike a worker that has results to lose"


def kill_once(here: Stack, rng: random.Random, kill: int, piece: list[Message]) -> bool:
    """Runs a worker while `piece` is arriving, kills it; returns whether it had committed anything."""
    before = here.offsets()
    feeder = threading.Thread(target=feed, args=(here, piece, rng.uniform(0.0, 1.0)))
    feeder.start()
    worker = here.start("run", "engagement", "archive", "--workers", str(1 + kill % 2))
    if kill in (0, 1) or rng.random() < 0.7:
        # at the first kills no snapshot has been taken: the interval is longer than what is waited here
        wait_for_progress(here, worker, before)
        time.sleep(rng.uniform(0.0, 0.3 if kill < 2 else 2.5))
    else:
        time.sleep(rng.uniform(0.1, 2.5))
    assert worker.running, f"ended by itself:\n{worker.output[-6000:]}"
    worker.kill()
    feeder.join()
    return here.offsets() > before


def wait_for_progress(here: Stack, worker: Worker, before: int) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while here.offsets() <= before:
        assert worker.running, f"ended by itself:\n{worker.output[-6000:]}"
        assert time.monotonic() < give_up, f"no progress in {PATIENCE_S} s:\n{worker.output[-6000:]}"
        time.sleep(0.05)


def feed(here: Stack, piece: list[Message], pause_s: float) -> None:
    """Publishes a piece in four gushes, so that a kill strikes between and within them."""
    for gush in range(4):
        publish(here.kafka, here.topic(), piece[len(piece) * gush // 4 : len(piece) * (gush + 1) // 4])
        time.sleep(pause_s)
