"""Killed at any instant, the memory flow remembers the same, and recommends each revision once by its event_id."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.postgres import Postgres
from tests.conftest import new_database
from tests.e2e.harness import Stack, stack, wait_until
from tests.e2e.learners import DAY, Lesson, lessons, publish
from tests.e2e.remembering import assert_recommended, assert_remembers, expected_of, tick

EVENTS, KILLS = 20_000, 6
SETTINGS = {"CLASSPULSE_SNAPSHOT_INTERVAL_S": "2", "CLASSPULSE_BATCH_RECORDS": "500"}


@pytest.fixture
def another_database(timescale_server: Postgres) -> Iterator[str]:
    with new_database(timescale_server) as url:
        yield url


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize(("events", "kills"), [(EVENTS, KILLS), pytest.param(200_000, 12, marks=pytest.mark.soak)])
def test_kills_leave_the_same_tables_and_no_recommendation_missing_or_odd(
    kafka: str,
    timescale_url: str,
    another_database: str,
    topic_prefix: str,
    tmp_path: Path,
    events: int,
    kills: int,
) -> None:
    rng = random.Random(4)
    log = lessons(events)
    with stack(kafka, timescale_url, topic_prefix, tmp_path, **SETTINGS) as here:
        tick(here)
        struck = 0
        for kill in range(kills):
            piece = log[len(log) * kill // kills : len(log) * (kill + 1) // kills]
            struck += kill_once(here, rng, kill, piece)
        tick(here, log[-1].arrives_ms + 20 * DAY)
        here.catch_up("memory", workers=2)
        expected = expected_of(here)
        assert len(expected.recommendations) > events // 100
        assert sum(not row["counted"] for row in expected.memory_reviews.values()) > events // 10
        assert_remembers(here, expected)
        times = assert_recommended(here, expected).times
        assert struck >= kills // 2, "most kills must strike a worker that has results to lose"

        folder = tmp_path / "again"
        folder.mkdir()
        again = Stack(kafka, another_database, topic_prefix, folder, {"CLASSPULSE_BATCH_RECORDS": "7000"})
        again.command("migrate")
        again.catch_up("memory", workers=4)
        assert_remembers(again, expected)
        assert assert_recommended(again, expected).times - times == dict.fromkeys(expected.recommendations, 1)


def kill_once(here: Stack, rng: random.Random, kill: int, piece: list[Lesson]) -> bool:
    """Runs a worker while `piece` is arriving, kills it; returns whether it had committed anything."""
    before = here.offsets("memory")
    feeder = threading.Thread(target=feed, args=(here, piece, rng.uniform(0.2, 1.0)))
    feeder.start()
    worker = here.start("run", "memory", "--workers", str(1 + kill % 2))
    if rng.random() < 0.8:
        wait_until(lambda: not worker.running or here.offsets("memory") > before, "progress", 60)
        time.sleep(rng.uniform(0.0, 2.5))
    else:
        time.sleep(rng.uniform(0.1, 4.0))
    assert worker.running, f"ended by itself:\n{worker.output[-6000:]}"
    worker.kill()
    feeder.join()
    return here.offsets("memory") > before


def feed(here: Stack, piece: list[Lesson], pause_s: float) -> None:
    """Publishes a piece in four gushes, so that a kill strikes between and within them."""
    for gush in range(4):
        publish(here.kafka, here.prefix, piece[len(piece) * gush // 4 : len(piece) * (gush + 1) // 4])
        time.sleep(pause_s)
