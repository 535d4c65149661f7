"""The memory flow, task by task in one process, says what the oracle says: whatever the batches, topics and crashes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from dataflows.settings import Settings
from tests.e2e.learners import DAY, START, TOPICS, lessons
from tests.e2e.tables import MEMORY, differences
from tests.oracle.learning_logs import reported_again, spiteful_learning
from tests.oracle.memory import ExpectedMemory, MemoryRules, expect
from tests.oracle.memory_task import run_tasks
from tests.oracle.reading import Record

ZONES = ("UTC", "Pacific/Auckland", "America/St_Johns")
MODELS: tuple[dict[str, Any], ...] = (
    {},
    {"model": "fsrs"},
    {"models_by_domain": {"maths": "fsrs"}},
    {"model": "fsrs", "models_by_domain": {"dsa": "ebbinghaus"}},
)


def assert_equal(records: list[Record], seed: int, **how: Any) -> tuple[ExpectedMemory, Counter[str]]:
    """Runs a log under the zone and the model of its seed; returns what was expected, and what was published."""
    timezone, model = ZONES[seed % 3], MODELS[seed % 4]
    duties = {"quiz_submit": "the school has to grade"} if seed % 2 else {}
    named = {f"memory_{name}": value for name, value in model.items()}
    settings = Settings(timezone=timezone, _env_file=None, consent_duties=duties, **named)
    tables, published = run_tasks(records, settings, seed, **how)
    expected = expect(records, MemoryRules(timezone=timezone, duties=tuple(duties), **model))
    said = [differences(getattr(expected, table), tables[table], table) for table in MEMORY]
    assert not any(said), f"seed {seed}\n" + "\n".join(text for text in said if text)
    missing = expected.recommendations - set(published)
    assert not missing, f"seed {seed}: {len(missing)} of {len(expected.recommendations)} recommendations are missing"
    return expected, Counter(published)


@pytest.mark.parametrize("block", range(5))
def test_spiteful_logs_in_random_batches(block: int) -> None:
    for seed in range(block * 20, block * 20 + 20):
        assert_equal(spiteful_learning(seed, alias=seed % 5 == 0), seed)


@pytest.mark.parametrize("block", range(5))
def test_spiteful_logs_with_crashes_at_random_instants(block: int) -> None:
    for seed in range(1000 + block * 20, 1000 + block * 20 + 20):
        assert_equal(spiteful_learning(seed, alias=seed % 5 == 0), seed, crashes=1 + seed % 4)


@pytest.mark.parametrize("block", range(5))
def test_an_event_that_is_told_again_otherwise_under_its_id_changes_nothing(block: int) -> None:
    for seed in range(2000 + block * 10, 2000 + block * 10 + 10):
        assert_equal(reported_again(spiteful_learning(seed), seed), seed, crashes=seed % 3)


def whole_courses(seed: int) -> list[Record]:
    """Returns weeks of a few users, in which nothing late withdraws a recommendation, with a tick before and after."""
    rules = MemoryRules(timezone=ZONES[seed % 3], **MODELS[seed % 4])
    sent = lessons(events=500, seed=seed, late=0.1, rules=rules)
    ends = sent[-1].arrives_ms + 20 * DAY
    logs: dict[str, list[Record]] = {}

    def append(topic: str, value: bytes | None, key: bytes | None, tick: int | None) -> None:
        log = logs.setdefault(topic, [])
        log.append(Record(topic, 2, len(log), ends, value, key, tick))

    for topic in TOPICS:
        append(topic, None, None, START)
    for one in sent:
        append(one.topic, one.value, one.user.encode(), None)
    for topic in TOPICS:
        append(topic, None, None, ends)
    return [record for log in logs.values() for record in log]


@pytest.mark.parametrize("seed", range(12))
def test_every_revision_is_recommended_once_and_no_other_ever_is(seed: int) -> None:
    expected, published = assert_equal(whole_courses(seed), seed)
    assert len(expected.recommendations) > 10
    assert published == dict.fromkeys(expected.recommendations, 1)


@pytest.mark.parametrize("seed", range(12))
def test_after_crashes_none_is_missing_and_none_is_odd(seed: int) -> None:
    expected, published = assert_equal(whole_courses(seed), seed, crashes=4)
    assert published.keys() == expected.recommendations
