"""The pipeline against the brute force, on small spiteful logs: any batch size, any flush, any restart."""

from __future__ import annotations

import itertools
import random

import pytest

from dataflows.settings import Settings
from tests.dataflows.engagement.inprocess import run
from tests.e2e.tables import differences
from tests.oracle.engagement import Rules, expect
from tests.oracle.logs import spiteful_log

TABLES = ("activity_windows", "student_state", "engagement_scores", "student_days", "student_day_classes")


@pytest.mark.parametrize("timezone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
@pytest.mark.parametrize("seed", range(60))
def test_any_batches_beats_and_restarts_give_what_a_plain_reading_gives(seed: int, timezone: str) -> None:
    log = spiteful_log(seed, size=120 if seed % 3 else 12)
    rng = random.Random(seed)
    actual = run(
        log,
        Settings(timezone=timezone, _env_file=None),
        sizes=iter(lambda: rng.choice((1, 2, 3, 7, 40, 10_000)), 0),
        seed=seed,
        flush_share=rng.choice((0.1, 1.0)),
        restart_share=rng.choice((0.0, 0.4)),
    )
    expected = expect(log, Rules(timezone=timezone))
    problems = [differences(getattr(expected, table), actual[table], table) for table in TABLES]
    assert not any(problems), "\n".join(filter(None, problems))


@pytest.mark.parametrize("seed", range(20))
def test_dictionaries_that_are_compacted_at_every_write_change_nothing(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataflows.engagement.students._COMPACT_FROM", 0)
    monkeypatch.setattr("dataflows.engagement.scopes._COMPACT_FROM", 0)
    log = spiteful_log(seed, size=300)
    actual = run(
        log, Settings(_env_file=None), sizes=itertools.repeat(9), seed=seed, flush_share=0.8, restart_share=0.1
    )
    expected = expect(log)
    problems = [differences(getattr(expected, table), actual[table], table) for table in TABLES]
    assert not any(problems), "\n".join(filter(None, problems))


def test_batches_of_1_and_of_10000_judge_the_same_records_late() -> None:
    log = spiteful_log(7, size=400)
    results = [run(log, Settings(_env_file=None), sizes=itertools.repeat(size)) for size in (1, 10, 10_000)]
    assert results[0] == results[1] == results[2]
