"""Measures against their definitions, and the regression against what it must reach."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.logistic import Logistic, fit
from models.measures import best_f1, f1_from, interval, pr_auc, roc_auc

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40)


@given(PAIRS)
def test_roc_auc_is_the_share_of_pairs_in_order(pairs: list[tuple[int, bool]]) -> None:
    chance, was = np.array([c / 6 for c, _ in pairs]), np.array([w for _, w in pairs])
    yes, no = chance[was], chance[~was]
    found = roc_auc(chance, was)
    if not len(yes) or not len(no):
        assert found is None
    else:
        wins = [(a > b) + 0.5 * (a == b) for a in yes for b in no]
        assert found == np.mean(wins) or abs((found or 0) - np.mean(wins)) < 1e-12


@given(PAIRS)
def test_average_precision_and_the_best_f1_hang_on_no_order_among_equals(pairs: list[tuple[int, bool]]) -> None:
    chance, was = np.array([c / 6 for c, _ in pairs]), np.array([w for _, w in pairs])
    back = slice(None, None, -1)
    assert pr_auc(chance, was) == pr_auc(chance[back], was[back])
    best, limit = best_f1(chance, was)
    if was.any():
        reached = [f1_from(chance, was, one) or 0.0 for one in np.unique(chance)]
        assert abs(best - max(reached)) < 1e-12
        assert abs((f1_from(chance, was, limit) or 0.0) - best) < 1e-12


def test_the_interval_draws_whole_owners() -> None:
    values = np.array([1.0] * 99 + [0.0])
    one_each = interval(range(100), lambda rows: float(values[rows].mean()))
    two_owners = interval(["a"] * 99 + ["b"], lambda rows: float(values[rows].mean()))
    assert one_each is not None
    assert one_each[0] > 0.95
    assert two_owners == (0.0, 1.0)
    assert interval(["a"] * 9, lambda _rows: 1.0) is None


def test_the_regression_finds_the_odds_that_made_the_data() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(20_000, 3)) * [1, 10, 0.1] + [0, 5, 1]
    odds = 0.5 + 1.0 * x[:, 0] - 0.1 * (x[:, 1] - 5)
    was = rng.random(len(x)) < 1 / (1 + np.exp(-odds))
    model = fit(x, was)
    slopes = model.weights / model.spread
    assert np.allclose(slopes, [1.0, -0.1, 0.0], atol=[0.05, 0.005, 0.4])
    assert abs(float(model.chance(x).mean() - was.mean())) < 1e-6
    assert Logistic.of_json(model.as_json()).chance(x[:5]).round(6).tolist() == model.chance(x[:5]).round(6).tolist()
