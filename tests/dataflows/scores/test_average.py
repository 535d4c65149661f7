"""The moving average as a forgetting model, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dataflows.scores.average import Average
from dataflows.scores.memory import DAY_MS, Memory

MODEL = Average()


def average(memory: Memory) -> float:
    """Returns the average that a memory carries as its difficulty."""
    return 100 - float(memory.difficulty[0] - 1) / 0.09


def retention(memory: Memory, days: float) -> float:
    return float(MODEL.retention(memory.stability, memory.decay_factor, np.array([days]))[0])


def after(score: float, memory: Memory, days: float) -> Memory:
    return MODEL.next(memory, np.array([score]), np.array([math.ceil(days * DAY_MS)]))


def test_the_average_moves_three_fifths_of_the_way_to_each_score() -> None:
    memory = MODEL.first(np.array([59.0]))
    assert average(memory) == pytest.approx(67.0)  # from 79
    assert average(after(97.0, memory, 3)) == pytest.approx(85.0)


def test_the_odds_of_passing_fall_as_a_power_of_the_days() -> None:
    memory = MODEL.first(np.array([79.0]))
    at_once = math.exp(0.54 + 1.31 * 0.9)
    assert memory.stability[0] == pytest.approx(at_once, rel=1e-12)
    for days in (0.0, 6.0, 34.0):
        odds = at_once * (1 + days) ** -0.16
        assert retention(memory, days) == pytest.approx(odds / (1 + odds), abs=1e-12)
    assert retention(memory, -3.0) == retention(memory, 0.0)


def test_the_review_falls_due_when_the_chance_of_passing_is_8_in_10() -> None:
    # the average is 79: (5.58 / 4)^(1/0.16) - 1 days
    memory = MODEL.first(np.array([79.0]))
    assert memory.interval_days[0] == pytest.approx((math.exp(1.719) / 4) ** (1 / 0.16) - 1, rel=1e-9)
    assert round(float(memory.interval_days[0]), 1) == 7.0
    assert retention(memory, float(memory.interval_days[0])) == pytest.approx(0.8, abs=1e-12)


def test_who_fails_is_due_after_a_day_and_who_excels_after_half_a_year() -> None:
    assert MODEL.first(np.array([0.0, 100.0])).interval_days.tolist() == [1.0, 180.0]


def test_a_punctual_pass_below_the_average_leaves_the_interval_as_it_is() -> None:
    memory = MODEL.first(np.array([83.0]))
    punctual = after(71.0, memory, float(memory.interval_days[0]))
    assert punctual.interval_days[0] == memory.interval_days[0] > 20
    early = after(71.0, memory, 1)
    assert early.interval_days[0] == 1
    assert punctual.stability[0] == early.stability[0]


@pytest.mark.parametrize(("score", "at_once"), [(0.0, 0.2592), (100.0, 0.9503)])
def test_however_many_fail_or_pass_the_next_may_turn_out_otherwise(score: float, at_once: float) -> None:
    memory = MODEL.first(np.array([score]))
    for _ in range(50):
        memory = after(score, memory, 30)
    assert 1 <= memory.difficulty[0] <= 10
    assert round(retention(memory, 0), 4) == at_once
