"""The exponential model by hand: the definition's own examples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dataflows.scores.ebbinghaus import Ebbinghaus
from dataflows.scores.memory import DAY_MS, Memory

MODEL = Ebbinghaus()
MINUTE_MS = 60_000


def fold(*reviews: tuple[float, int]) -> list[float]:
    """Returns the interval in days after each review (score, ms since the review before)."""
    memory = MODEL.first(np.array([reviews[0][0]]))
    intervals = [memory.interval_days[0]]
    for score, elapsed_ms in reviews[1:]:
        memory = MODEL.next(memory, np.array([score]), np.array([elapsed_ms]))
        intervals.append(memory.interval_days[0])
    return [float(interval) for interval in intervals]


def retention(memory: Memory, days: float) -> float:
    return float(MODEL.retention(memory.stability, memory.decay_factor, np.array([days]))[0])


def test_a_first_85_is_due_after_2_43_days_with_a_stability_of_10_88() -> None:
    memory = MODEL.first(np.array([85.0]))
    assert memory.interval_days[0] == pytest.approx(2 * 85 / 70, rel=1e-12)
    assert round(float(memory.interval_days[0]), 2) == 2.43
    assert round(float(memory.stability[0]), 2) == 10.88
    assert memory.decay_factor[0] == 1 / memory.stability[0]
    assert math.isnan(memory.difficulty[0])


def test_punctual_85s_multiply_the_interval_until_it_is_180_days() -> None:
    memory, intervals = MODEL.first(np.array([85.0])), []
    for _ in range(5):
        memory = MODEL.next(memory, np.array([85.0]), np.ceil(memory.interval_days * DAY_MS).astype(np.int64))
        intervals.append(float(memory.interval_days[0]))
    assert intervals == pytest.approx([5.90, 14.3, 34.8, 84.5, 180.0], abs=0.05)


@pytest.mark.parametrize(
    ("score", "interval"),
    [
        (100, 2 * 100 / 70),
        (70, 2.0),  # the lowest pass
        (69.9, 1.0),  # a fail would make it 0.9986 days, the least is one
        (40, 1.0),
        (0, 1.0),
    ],
)
def test_a_first_review_counts_as_a_punctual_one(score: float, interval: float) -> None:
    assert fold((score, 0)) == pytest.approx([interval], rel=1e-12)


def test_a_fail_shortens_in_proportion_however_soon_it_comes() -> None:
    # 85, then punctual: 5.898 days; a 35 after a minute or after a month halves them
    for elapsed_ms in (MINUTE_MS, 30 * DAY_MS):
        assert fold((85, 0), (85, 3 * DAY_MS), (35, elapsed_ms))[-1] == pytest.approx((2 * 85 / 70) ** 2 / 2)


def test_half_way_to_the_due_time_a_success_grows_by_half() -> None:
    # 70: two days; a 70 after one day: growth 1 + (2 - 1) / 2
    assert fold((70, 0), (70, DAY_MS)) == pytest.approx([2.0, 3.0])


def test_five_attempts_in_one_sitting_count_little_more_than_one() -> None:
    intervals = fold((85, 0), *[(85.0, 10 * MINUTE_MS)] * 4)
    # the second: 17/7 * (1 + 10/7 * (10 min / 17/7 days)) = 17/7 + 10/7 / 144
    assert intervals[1] == pytest.approx(17 / 7 + 10 / 7 / 144, rel=1e-12)
    assert intervals[4] == pytest.approx(17 / 7 + 4 * 10 / 7 / 144, rel=1e-12)


def test_an_overdue_success_counts_as_a_punctual_one() -> None:
    assert fold((85, 0), (85, 300 * DAY_MS))[1] == pytest.approx((2 * 85 / 70) ** 2)


def test_retention_is_eight_tenths_when_the_review_falls_due() -> None:
    memory = MODEL.first(np.array([85.0]))
    due = float(memory.interval_days[0])
    assert retention(memory, 0) == 1.0
    assert retention(memory, due) == pytest.approx(0.8, abs=1e-12)
    assert retention(memory, 2 * due) == pytest.approx(0.64, abs=1e-12)
    assert retention(memory, -1.0) == 1.0  # before the review, by a clock that is behind
