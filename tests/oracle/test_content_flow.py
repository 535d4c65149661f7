"""The content flow, task by task in one process, says what the oracle says: whatever the order, batches and crashes."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataflows.content import codes, counts, pages, store, timeline
from dataflows.settings import Settings
from tests.dataflows.content.inprocess import Database, Rows, Task, run_in_process
from tests.dataflows.content.spiteful import spiteful_log
from tests.e2e.studies import CLICKS, DAY, MINUTE, START, VIEWS, Action, repeated, shuffled, studies
from tests.e2e.tables import CONTENT, differences
from tests.oracle.content import ContentRules, expect
from tests.oracle.content_logs import logs
from tests.oracle.reading import Record
from tests.oracle.sittings import Times

RULES = (
    ContentRules(),
    ContentRules(timezone="America/St_Johns", lateness_ms=0),
    ContentRules(
        timezone="Africa/Cairo",
        lateness_ms=600_000,
        times=Times(gap=900_000, grace=0, idle_cap=60_000, visit_cap=1_800_000),
        repeat_ms=0,
    ),
)
BOUNDED = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def settings_of(rules: ContentRules) -> Settings:
    times = rules.times
    return Settings(
        timezone=rules.timezone,
        content_lateness_s=rules.lateness_ms // 1000,
        session_gap_s=times.gap // 1000,
        session_end_grace_s=times.grace // 1000,
        idle_cap_s=times.idle_cap // 1000,
        visit_cap_s=times.visit_cap // 1000,
        repeat_s=rules.repeat_ms // 1000,
    )


def assert_reported(log: Sequence[Record], found: dict[str, Rows], rules: ContentRules | None = None) -> None:
    expected = expect(log, rules)
    said = [differences(getattr(expected, table), found[table], table) for table in CONTENT]
    assert not any(said), "\n".join(filter(None, said))


def read_in_any_order(log: list[Record], rng: random.Random, rules: ContentRules, crashes: int) -> dict[str, Rows]:
    """Runs one task that reads its topics in turns of any lengths, dies, and finds the database ahead of its state."""
    left = {topic: [record for record in log if record.topic == topic] for topic in {record.topic for record in log}}
    turns: list[Record] = []
    while any(left.values()):
        topic = rng.choice(sorted(topic for topic, records in left.items() if records))
        count = rng.choice((1, 2, 5, 50))
        turns += left[topic][:count]
        left[topic] = left[topic][count:]
    database = Database()
    task = Task(0, turns, settings_of(rules), database)
    while not task.done:
        task.step(rng.choice((1, 1, 2, 3, 7, 50)), flush=rng.random() < 0.6, history=rng.random() < 0.5)
        if rng.random() < 0.25:
            task.snapshot()
        if crashes and rng.random() < 0.15:
            task.crash()
            crashes -= 1
    task.step(0, flush=True)
    return database.tables


@contextmanager
def small_stores() -> Iterator[None]:
    """Lets merge, compact and forget at every occasion what otherwise waits until there is much of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_FRESH_AT_LEAST", 2)
        patch.setattr(codes, "_COMPACT_FROM", 1)
        patch.setattr(counts, "_COMPACT_FROM", 1)
        patch.setattr(timeline, "MOST_TOGETHER", 1)
        patch.setattr(pages, "_COMPACT_FROM", 1)
        patch.setattr(pages, "_HELD", 2)
        patch.setattr(timeline, "FORGET_EVERY_MS", 0)
        yield


@BOUNDED
@given(logs(), st.randoms(use_true_random=False), st.sampled_from(RULES), st.booleans())
def test_any_log_in_any_batches_with_crashes(
    log: list[Record], rng: random.Random, rules: ContentRules, small: bool
) -> None:
    with small_stores() if small else nullcontext():
        assert_reported(log, read_in_any_order(log, rng, rules, crashes=5), rules)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@settings(BOUNDED, max_examples=3_000)
@given(logs(80), st.randoms(use_true_random=False), st.sampled_from(RULES), st.booleans())
def test_many_more_logs(log: list[Record], rng: random.Random, rules: ContentRules, small: bool) -> None:
    with small_stores() if small else nullcontext():
        assert_reported(log, read_in_any_order(log, rng, rules, crashes=20), rules)


@pytest.mark.parametrize("block", range(3))
def test_spiteful_logs(block: int) -> None:
    for seed in range(block * 20, block * 20 + 20):
        log = spiteful_log(seed, size=150, partitions=1 + seed % 2, students=1 + seed % 3)
        rng = random.Random(seed)
        sizes = iter(lambda rng=rng: rng.choice((1, 3, 20, 500)), 0)  # type: ignore[misc]
        with small_stores():
            assert_reported(log, run_in_process(log, Settings(), sizes=sizes, seed=seed, crash_share=0.1))


@pytest.mark.parametrize("seed", range(3))
def test_hard_studies_in_the_order_in_which_they_came(seed: int) -> None:
    log = closed(studies(students=6, seed=seed, late=0.05))
    sizes = itertools.cycle((1, 40, 7, 300))
    assert_reported(log, run_in_process(log, Settings(), sizes=sizes, seed=seed, crash_share=0.05))


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_within_the_lateness_and_repeated_the_tables_are_the_same(seed: int) -> None:
    actions = studies(students=6, seed=seed, late=0.0)
    mixed = closed(repeated(shuffled(actions, seed), seed, share=0.2))
    found = run_in_process(mixed, Settings(), sizes=itertools.cycle((5, 1, 90)), seed=seed)
    assert_reported(mixed, found)
    ordered = expect(closed(actions))
    # some repeats come so late that they are late, and change nothing either
    assert ordered.late == 0
    assert all(not differences(placeless(getattr(ordered, table)), placeless(found[table]), table) for table in CONTENT)


def placeless(rows: Rows) -> Rows:
    """Returns rows without where in the log each was told, which is another in a shuffled one."""
    return {key: {name: value for name, value in row.items() if name != "place"} for key, row in rows.items()}


def closed(actions: list[Action]) -> list[Record]:
    """Returns the log of one task in which the deeds arrive in their order, one a millisecond, between two ticks."""
    end, found = START + 2 * DAY + 30 * MINUTE, []
    for topic in (CLICKS, VIEWS):
        mine = [(at, action) for at, action in enumerate(actions) if action.topic == topic]
        found.append(Record(topic, 0, 0, START, None, tick=START))
        found += [Record(topic, 0, n, end + at, action.value, action.key) for n, (at, action) in enumerate(mine, 1)]
        found.append(Record(topic, 0, len(mine) + 1, end + len(actions), None, tick=end))
    return found
