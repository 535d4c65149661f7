"""The generator's own claims: what it says about late events holds whichever topic is read first."""

from __future__ import annotations

import random

import pytest

from tests.e2e.learners import DAY, START, TOPICS, lessons
from tests.oracle.memory import expect
from tests.oracle.reading import Record


def logs_of(seed: int) -> dict[str, list[Record]]:
    """Returns the topics of one task; each begins and ends with a tick."""
    sent = lessons(events=250, seed=seed, late=0.15)
    ends = sent[-1].arrives_ms + 20 * DAY
    said = [(topic, None, START) for topic in TOPICS]
    rest = [(topic, None, ends) for topic in TOPICS]
    logs: dict[str, list[Record]] = {}
    for topic, value, at in [*said, *((one.topic, one.value, None) for one in sent), *rest]:
        log = logs.setdefault(topic, [])
        log.append(Record(topic, 0, len(log), ends, value, b"k", at))
    return logs


@pytest.mark.parametrize("seed", range(6))
def test_at_no_instant_does_a_signal_stand_that_the_whole_log_withdraws(seed: int) -> None:
    logs, rng = logs_of(seed), random.Random(seed)
    finally_due = expect([record for log in logs.values() for record in log]).recommendations
    ever_due: set[str] = set()
    read = dict.fromkeys(logs, 1)
    while waiting := [topic for topic, log in logs.items() if read[topic] < len(log)]:
        # one topic may run far ahead of the others
        chosen = waiting[0] if rng.random() < 0.3 else rng.choice(waiting)
        read[chosen] += rng.choice((1, 2, 5, 20))
        ever_due |= expect([record for topic, log in logs.items() for record in log[: read[topic]]]).recommendations
    assert len(finally_due) > 5
    assert ever_due == finally_due


def test_the_log_is_reproducible_and_has_what_makes_it_hard() -> None:
    log = lessons(2_000, seed=3)
    assert log == lessons(2_000, seed=3)
    assert len(log) == 2_000
    assert {one.topic for one in log} == set(TOPICS)
    assert 20 < len(log) - len({one.body["event_id"] for one in log}) < 120
    late = [one for one in log if one.arrives_ms > one.at]
    assert 40 < len(late) < 250
    assert any("quiz" in one.topic and one.arrives_ms - one.at > DAY for one in late)
