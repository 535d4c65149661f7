"""The engagement flow, task by task in one process, says what the oracle says: whatever the batches and crashes."""

from __future__ import annotations

import pytest

from dataflows.settings import Settings
from tests.e2e.school import log_of
from tests.e2e.tables import ENGAGEMENT, differences
from tests.oracle.engagement import Rules, expect
from tests.oracle.logs import spiteful_log
from tests.oracle.reading import Record
from tests.oracle.task import run_log

ZONES = ("UTC", "Pacific/Auckland", "America/St_Johns", "Pacific/Apia")


def assert_equal(records: list[Record], seed: int, timezone: str = "UTC", crashes: int = 0) -> None:
    repeat_s = 172_800 if seed % 3 else 0
    found = run_log(records, Settings(timezone=timezone, repeat_s=repeat_s), seed, crashes)
    expected = expect(records, Rules(timezone=timezone, repeat_ms=repeat_s * 1000))
    said = [differences(getattr(expected, table), found[table], table) for table in ENGAGEMENT]
    assert not any(said), f"seed {seed}\n" + "\n".join(text for text in said if text)
    assert not found["falls"], found["falls"][:5]


@pytest.mark.parametrize("block", range(5))
def test_spiteful_logs_in_random_batches(block: int) -> None:
    for seed in range(block * 20, block * 20 + 20):
        assert_equal(spiteful_log(seed), seed, ZONES[seed % 4])


@pytest.mark.parametrize("block", range(5))
def test_spiteful_logs_with_crashes_at_random_instants(block: int) -> None:
    for seed in range(1000 + block * 20, 1000 + block * 20 + 20):
        assert_equal(spiteful_log(seed), seed, ZONES[seed % 4], crashes=1 + seed % 4)


def test_a_school_s_days() -> None:
    records: list[Record] = []
    for offset, message in enumerate(log_of(students=40, minutes=60)):
        records.append(Record("clickstream_events", 3, offset, message.arrives_ms, message.value, message.key))
    close = records[-1].append_ms + 65 * 60_000
    records.append(Record("clickstream_events", 3, len(records), close, None, None, close))
    assert_equal(records, seed=1, crashes=3)
