"""Killed at any instant, the memory flow remembers the same, and recommends each revision once by its event_id."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.postgres import Postgres
from tests.databases import new_database
from tests.e2e.harness import Stack, stack
from tests.e2e.killing import Feed, kill_once
from tests.e2e.learners import DAY, lessons, publish
from tests.e2e.remembering import assert_recommended, assert_remembers, expected_of, tick

EVENTS, KILLS = 20_000, 4
SETTINGS = {"CLASSPULSE_SNAPSHOT_INTERVAL_S": "2", "CLASSPULSE_BATCH_RECORDS": "500"}


@pytest.fixture
def another_database(timescale_server: Postgres) -> Iterator[str]:
    with new_database(timescale_server) as url:
        yield url


@pytest.mark.long
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
            struck += kill_once(here, "memory", rng, kill, Feed(publish, piece))
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
