"""A worker that was away for a day recommends what fell due meanwhile: all of it, in order, once."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.harness import Stack, stack
from tests.e2e.learners import DAY, HOUR, START, Lesson, lessons, publish
from tests.e2e.log import by_partition, read_topic
from tests.e2e.remembering import (
    RECOMMENDATIONS,
    assert_recommended,
    assert_remembers,
    expected_of,
    recommended,
    records_of,
    tick,
)

AWAY_FROM = START + 30 * DAY


def test_what_fell_due_while_the_worker_was_down_is_recommended_once(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    log = lessons(4_000, late=0.0)
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        tick(here)
        worker = here.start("run", "memory")
        publish(kafka, here.prefix, [one for one in log if one.arrives_ms < AWAY_FROM])
        tick(here, AWAY_FROM)
        wait_for_all(here)
        assert worker.terminate() == 0, worker.output
        before = expected_of(here)
        assert_remembers(here, before)
        assert set(assert_recommended(here, before).times.values()) == {1}

        a_day_of_life(here, log)
        assert recommended(here).times.keys() == before.recommendations
        here.catch_up("memory", workers=2)
        after = expected_of(here)
        assert len(after.recommendations - before.recommendations) > 3
        assert_remembers(here, after)
        assert set(assert_recommended(here, after).times.values()) == {1}
        assert_in_order(here)

        here.catch_up("memory", workers=1)
        assert sum(recommended(here).times.values()) == len(after.recommendations)


def a_day_of_life(here: Stack, log: list[Lesson]) -> None:
    """Events and ticks go on, with nobody to read them."""
    step = 3 * HOUR
    for since in range(AWAY_FROM, AWAY_FROM + DAY, step):
        publish(here.kafka, here.prefix, [one for one in log if since <= one.arrives_ms < since + step])
        tick(here, since + step)


def wait_for_all(here: Stack) -> None:
    """Waits until the flow has committed all that its topics hold."""
    here.wait_for_offset(len(records_of(here)), "memory")


def assert_in_order(here: Stack) -> None:
    """Within a partition what fell due first was recommended first."""
    for log in by_partition(read_topic(here.kafka, here.topic(RECOMMENDATIONS))).values():
        dues = [json.loads(record.value or b"")["scheduled_at"] for record in log]
        assert dues == sorted(dues)
