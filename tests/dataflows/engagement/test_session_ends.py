"""Several session ends within seconds of a minute's end: what is final and what is open tell the same story."""

from __future__ import annotations

import itertools
import json
import random
import uuid

import pytest

from dataflows.settings import Settings
from tests.dataflows.engagement.inprocess import run
from tests.e2e.tables import differences
from tests.oracle.engagement import Rules, expect
from tests.oracle.logs import MINUTE, START, TOPIC
from tests.oracle.reading import Record

TABLES = ("activity_windows", "student_state", "engagement_scores", "student_days", "student_day_classes")


def log_of(story: list[tuple[int, str]]) -> list[Record]:
    """Returns one student's events, then ticks a minute apart until all is final."""
    log = [
        Record(
            TOPIC,
            0,
            offset,
            START + at,
            json.dumps(
                {
                    "event_id": str(uuid.UUID(int=offset + 1)),
                    "student_id": "ann",
                    "event_name": name,
                    "timestamp": START + at,
                }
            ).encode(),
            b"ann",
            None,
        )
        for offset, (at, name) in enumerate(story)
    ]
    end = START + story[-1][0]
    ticks = range(end + 7_000, end + 6 * MINUTE, 7_000)  # minutes become final one by one
    return log + [Record(TOPIC, 0, len(log) + i, tick, None, None, tick) for i, tick in enumerate(ticks)]


def check(story: list[tuple[int, str]]) -> None:
    log = log_of(story)
    actual = run(log, Settings(_env_file=None), sizes=itertools.repeat(1), flush_share=1.0, restart_share=0.3)
    expected = expect(log, Rules(timezone="UTC"))
    problems = [differences(getattr(expected, table), actual[table], table) for table in TABLES]
    assert not any(problems), "\n".join(filter(None, problems))


def test_an_end_before_the_minute_closes_a_session_that_opens_after_it() -> None:
    there = [(45_000, "page_view"), (46_000, "session_end"), (58_000, "session_end")]
    back = [(60_500, "scroll"), (63_500, "scroll")]
    check(there + back + [(at, "time_ping") for at in range(110_000, 8 * MINUTE, 50_000)])


@pytest.mark.parametrize("seed", range(20))
def test_any_story_of_ends_and_returns_about_a_minutes_end_is_told_alike(seed: int) -> None:
    rng = random.Random(seed)
    names = ("session_end", "session_end", "scroll", "page_view", "session_start", "idle")
    story = [
        (minute * MINUTE + rng.randrange(-14, 15) * 500, rng.choice(names))
        for minute in range(1, 15)
        for _ in range(rng.randrange(1, 9))
    ]
    check(sorted(story))
