"""The nightly run is killed at any instant: the tables are those of an undisturbed night."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from dataflows.rebuild.touched import LATE
from tests.dataflows.content.spiteful import HOUR, START, spiteful_log
from tests.dataflows.rebuild.test_nightly import (
    DAY_MS,
    FLOWS,
    assert_as_reported,
    assert_live_is_rebuilt,
    begin_views,
    fetch,
    night,
    send_log,
    tick,
)
from tests.e2e.harness import Stack, stack, wait_until
from tests.oracle.reading import Record

KILLS = 4
SEEDS = (3, 4, 5)


def log_of(seed: int) -> list[Record]:
    return spiteful_log(seed, size=250, partitions=4, students=4, long=0.02)


def late_days(here: Stack) -> list[tuple[Any, ...]]:
    return fetch(here, "SELECT flow, day, added FROM late_days ORDER BY flow, day")


def kill_a_night(here: Stack, rng: random.Random) -> bool:
    """Starts a night and kills it once it has begun with a day; returns whether it was at work."""
    worker = here.start("nightly")
    begun = f"SELECT 1 FROM pg_namespace WHERE nspname = '{LATE}'"
    before = len(late_days(here))
    wait_until(
        lambda: not worker.running or fetch(here, begun) or len(late_days(here)) > before, "a night that has begun"
    )
    time.sleep(rng.uniform(0.0, 0.6))
    struck = worker.running
    worker.kill()
    here_still = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name ~ 'nightly'"
    wait_until(lambda: not fetch(here, here_still), "the end of the killed night's transaction")
    return struck


@pytest.mark.long
def test_a_night_that_is_killed_leaves_whole_days_and_the_next_does_the_rest(
    kafka: str, either_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    rng = random.Random(25)
    with stack(kafka, either_database, topic_prefix, tmp_path) as here:
        tick(here, START - DAY_MS)
        begin_views(here)
        for seed in SEEDS:
            send_log(here, log_of(seed))
            tick(here, START + (200 + seed) * HOUR)
            here.catch_up(*FLOWS)
        planned = [(one.flow, one.day, one.added) for one in night(here, dry_run=True) if not one.waits]
        assert len(planned) > KILLS, planned
        assert late_days(here) == []

        struck = 0
        for _kill in range(KILLS):
            struck += kill_a_night(here, rng)
            assert set(late_days(here)) <= set(planned)
            assert_as_reported(here)
            assert fetch(here, "SELECT * FROM nightly_runs") == [] or len(late_days(here)) == len(planned)
        assert struck, "no kill struck a night at work"

        here.command("nightly")
        assert late_days(here) == sorted(planned)
        assert fetch(here, "SELECT waiting_days FROM nightly_runs") == [(0,)]
        assert_as_reported(here)
        assert_live_is_rebuilt(here)
