"""The content pipeline on spiteful logs: batches, flushes, snapshots and crashes change nothing."""

from __future__ import annotations

import itertools
import random

import pytest

from dataflows.settings import Settings
from tests.dataflows.content.inprocess import Rows, run_in_process
from tests.dataflows.content.spiteful import spiteful_log
from tests.e2e.tables import differences

SETTINGS = Settings(_env_file=None)


def assert_same(expected: dict[str, Rows], actual: dict[str, Rows]) -> None:
    said = [differences(expected[table], actual[table], table) for table in expected]
    assert not any(said), "\n".join(filter(None, said))


@pytest.mark.parametrize("seed", range(40))
def test_what_is_written_bit_by_bit_is_what_one_fold_of_everything_gives(seed: int) -> None:
    log = spiteful_log(seed, size=80 if seed % 3 else 250, students=1 + seed % 3)
    whole = run_in_process(log, SETTINGS, sizes=itertools.repeat(10_000), flush_share=0.0)
    one_by_one = run_in_process(log, SETTINGS, sizes=itertools.repeat(1), flush_share=1.0)
    assert_same(whole, one_by_one)


@pytest.mark.parametrize("seed", range(40))
def test_a_worker_that_dies_between_any_batches_leaves_no_trace(seed: int) -> None:
    log = spiteful_log(1000 + seed, size=120, partitions=1 + seed % 2, students=1 + seed % 3)
    rng = random.Random(seed)
    whole = run_in_process(log, SETTINGS, sizes=itertools.repeat(10_000), flush_share=0.0)
    crashed = run_in_process(
        log,
        SETTINGS,
        sizes=iter(lambda: rng.choice((1, 2, 3, 7, 20)), 0),
        seed=seed,
        flush_share=rng.choice((0.2, 1.0)),
        crash_share=0.15,
    )
    assert_same(whole, crashed)
