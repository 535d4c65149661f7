"""FSRS over arrays against the `fsrs` package, which reviews one card at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import fsrs  # type: ignore[import-untyped]
import numpy as np
import pytest
from fsrs.scheduler import DEFAULT_PARAMETERS as PACKAGE_PARAMETERS  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from dataflows.scores.fsrs import DEFAULT_PARAMETERS, Fsrs
from dataflows.scores.memory import DAY_MS, Memory

START = datetime(2024, 1, 1, tzinfo=UTC)
MODEL = Fsrs()

scores = st.one_of(st.integers(0, 100).map(float), st.floats(0, 100), st.sampled_from([69.99, 70.0, 80.0, 90.0]))
gaps = st.one_of(
    st.integers(0, 3 * DAY_MS),
    st.integers(0, 400 * DAY_MS),
    st.integers(1, 60).map(lambda days: days * DAY_MS),
    st.integers(1, 60).map(lambda days: days * DAY_MS - 1),
)
histories = st.lists(st.tuples(gaps, scores), min_size=1, max_size=25)


def rating(score: float) -> fsrs.Rating:
    if score < 70:
        return fsrs.Rating.Again
    if score < 80:
        return fsrs.Rating.Hard
    return fsrs.Rating.Good if score < 90 else fsrs.Rating.Easy


def by_the_package(history: list[tuple[int, float]]) -> list[tuple[float, float, int]]:
    """Returns stability, difficulty and interval (days) after each review."""
    scheduler = fsrs.Scheduler(enable_fuzzing=False, learning_steps=(), relearning_steps=())
    card, when, rows = fsrs.Card(card_id=1, due=START), START, []
    for gap_ms, score in history:
        when += timedelta(milliseconds=gap_ms)
        card, _log = scheduler.review_card(card, rating(score), when)
        assert card.stability is not None and card.difficulty is not None
        rows.append((card.stability, card.difficulty, (card.due - when).days))
    return rows


def fold(history: list[tuple[int, float]]) -> list[Memory]:
    memory, rows = MODEL.first(np.array([history[0][1]])), []
    rows.append(memory)
    for gap_ms, score in history[1:]:
        memory = MODEL.next(memory, np.array([score]), np.array([gap_ms]))
        rows.append(memory)
    return rows


def test_the_parameters_are_the_packages_own() -> None:
    assert DEFAULT_PARAMETERS == PACKAGE_PARAMETERS


@given(histories)
def test_every_review_gives_the_numbers_of_the_package(history: list[tuple[int, float]]) -> None:
    for ours, (stability, difficulty, interval) in zip(fold(history), by_the_package(history), strict=True):
        assert float(ours.stability[0]) == pytest.approx(stability, rel=1e-9)
        assert float(ours.difficulty[0]) == pytest.approx(difficulty, rel=1e-9)
        assert float(ours.interval_days[0]) == interval


@given(histories, st.integers(0, 2000))
def test_retention_after_whole_days_is_the_packages_retrievability(history: list[tuple[int, float]], days: int) -> None:
    memory = fold(history)[-1]
    card = fsrs.Card(card_id=1, due=START, stability=float(memory.stability[0]), last_review=START)
    expected = fsrs.Scheduler().get_card_retrievability(card, START + timedelta(days=days, hours=23))
    ours = MODEL.retention(memory.stability, memory.decay_factor, np.array([float(days)]))
    assert float(ours[0]) == pytest.approx(expected, abs=1e-9)


def test_a_score_rates_again_below_70_hard_below_80_good_below_90_else_easy() -> None:
    given_scores = np.array([0, 69.999, 70, 79.999, 80, 89.999, 90, 100])
    assert MODEL.rating(given_scores).tolist() == [1, 1, 2, 2, 3, 3, 4, 4]


def test_retention_is_nine_tenths_after_as_many_days_as_the_stability() -> None:
    memory = MODEL.first(np.array([85.0]))
    assert MODEL.retention(memory.stability, memory.decay_factor, memory.stability)[0] == pytest.approx(0.9, abs=1e-12)


def test_a_known_history() -> None:
    # Good at first, Good two days later, Again after a week, Easy within the day
    rows = fold([(0, 85.0), (2 * DAY_MS, 85.0), (7 * DAY_MS, 40.0), (3_600_000, 95.0)])
    assert [float(row.interval_days[0]) for row in rows] == [2.0, 11.0, 1.0, 3.0]
    assert [round(float(row.stability[0]), 6) for row in rows] == [2.3065, 10.964332, 1.468919, 2.588817]
    assert [round(float(row.difficulty[0]), 6) for row in rows] == [2.118104, 2.111214, 7.392238, 6.506074]
