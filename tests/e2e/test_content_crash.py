"""Killed at any instant, the content flow ends in the same tables: nothing missing, nothing twice, no orphan."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from tests.e2e.harness import Stack, stack, wait_until
from tests.e2e.studies import DAY, START, Action, publish, studies
from tests.e2e.studying import assert_studied, expected_of, tick

STUDENTS, KILLS = 150, 6
SETTINGS = {
    "CLASSPULSE_SNAPSHOT_INTERVAL_S": "2",
    "CLASSPULSE_CONTENT_COMMIT_INTERVAL_S": "0.2",
    "CLASSPULSE_BATCH_RECORDS": "60",
}


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize(("students", "kills"), [(STUDENTS, KILLS), pytest.param(1_500, 22, marks=pytest.mark.soak)])
def test_kills_leave_the_same_tables_and_no_orphans(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path, students: int, kills: int
) -> None:
    rng = random.Random(6)
    actions = studies(students, late=0.02)
    with stack(kafka, timescale_url, topic_prefix, tmp_path, **SETTINGS) as here:
        tick(here)
        struck = 0
        for kill in range(kills):
            piece = actions[len(actions) * kill // kills : len(actions) * (kill + 1) // kills]
            struck += kill_once(here, rng, kill, piece)
        tick(here, START + 2 * DAY)
        here.catch_up("content", workers=2)
        expected = expected_of(here)
        assert_studied(here, expected)
    assert expected.late > len(actions) // 200
    assert expected.duplicates > len(actions) // 50
    assert struck >= kills // 2, "most kills must strike a worker that has results to lose"


def kill_once(here: Stack, rng: random.Random, kill: int, piece: list[Action]) -> bool:
    """Runs a worker while `piece` is arriving, kills it; returns whether it had committed anything."""
    before = here.offsets("content")
    feeder = threading.Thread(target=feed, args=(here, piece, rng.uniform(0.2, 1.0)))
    feeder.start()
    worker = here.start("run", "content", "--workers", str(1 + kill % 2))
    if rng.random() < 0.8:
        wait_until(lambda: not worker.running or here.offsets("content") > before, "progress", 60)
        time.sleep(rng.uniform(0.0, 2.5))
    else:
        time.sleep(rng.uniform(0.1, 4.0))
    assert worker.running, f"ended by itself:\n{worker.output[-6000:]}"
    worker.kill()
    feeder.join()
    return here.offsets("content") > before


def feed(here: Stack, piece: list[Action], pause_s: float) -> None:
    """Publishes a piece in four gushes, so that a kill strikes between and within them."""
    for gush in range(4):
        publish(here.kafka, here.prefix, piece[len(piece) * gush // 4 : len(piece) * (gush + 1) // 4])
        time.sleep(pause_s)
