"""Killed at any instant, the content flow ends in the same tables: nothing missing, nothing twice, no orphan."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.e2e.harness import stack
from tests.e2e.killing import Feed, kill_once
from tests.e2e.studies import DAY, START, publish, studies
from tests.e2e.studying import assert_studied, expected_of, tick

STUDENTS, KILLS = 150, 4
SETTINGS = {
    "CLASSPULSE_SNAPSHOT_INTERVAL_S": "2",
    "CLASSPULSE_CONTENT_COMMIT_INTERVAL_S": "0.2",
    "CLASSPULSE_BATCH_RECORDS": "60",
}


@pytest.mark.long
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
            struck += kill_once(here, "content", rng, kill, Feed(publish, piece))
        tick(here, START + 2 * DAY)
        here.catch_up("content", workers=2)
        expected = expected_of(here)
        assert_studied(here, expected)
    assert expected.late > len(actions) // 200
    assert expected.duplicates > len(actions) // 50
    assert struck >= kills // 2, "most kills must strike a worker that has results to lose"
