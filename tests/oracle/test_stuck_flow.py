"""The flow `stuck`, task by task, says what the oracle says: whatever the batches, the topics and the crashes."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from dataflows.settings import Settings
from dataflows.stuck import flow
from tests.e2e.tables import differences
from tests.oracle.memory_task import run_tasks
from tests.oracle.reading import Record
from tests.oracle.stuck import Rows, expect
from tests.oracle.stuck_logs import spiteful_stuck


def assert_equal(records: list[Record], seed: int, **how: int) -> Rows:
    tables, _ = run_tasks(records, Settings(_env_file=None), seed, flow=flow, names=("stuck_episodes",), **how)
    found = tables["stuck_episodes"]
    for row in found.values():
        row["evidence"] = json.loads(row["evidence"])
    expected = expect(records)
    said = differences(expected, found, "stuck_episodes")
    assert not said, f"seed {seed}\n{said}"
    return expected


@pytest.mark.parametrize("block", range(4))
def test_spiteful_logs_in_random_batches(block: int) -> None:
    called: Counter[str] = Counter()
    for seed in range(block * 12, block * 12 + 12):
        called.update(row["kind"] for row in assert_equal(spiteful_stuck(seed), seed).values())
    assert len(called) >= 6 and called.total() > 60


@pytest.mark.parametrize("block", range(2))
def test_spiteful_logs_with_crashes_at_random_instants(block: int) -> None:
    for seed in range(1000 + block * 12, 1000 + block * 12 + 12):
        assert_equal(spiteful_stuck(seed), seed, crashes=1 + seed % 4)
