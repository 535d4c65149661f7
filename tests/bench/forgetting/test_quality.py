"""The figures of a forecast by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.forgetting.histories import Histories
from bench.forgetting.quality import area_under_curve, calibration, losses, quality

PASSED = np.array([True, True, False, True])


def test_log_loss_is_that_of_the_chance_given_to_what_happened_and_no_error_is_infinite() -> None:
    loss = losses(np.array([0.8, 0.5, 0.25, 0.0]), PASSED)
    assert loss.tolist() == pytest.approx([-math.log(0.8), -math.log(0.5), -math.log(0.75), -math.log(0.001)])


def test_the_area_is_one_half_for_a_constant_and_one_for_a_perfect_order() -> None:
    assert area_under_curve(np.full(4, 0.3), PASSED) == 0.5
    assert area_under_curve(np.array([0.5, 0.4, 0.1, 0.2]), PASSED) == 1.0
    assert area_under_curve(np.array([0.5, 0.4, 0.45, 0.2]), PASSED) == pytest.approx(1 / 3)


def test_calibration_bins_by_tenths_and_the_last_holds_certainty() -> None:
    curve = calibration(np.array([0.91, 1.0, 0.05, 0.0]), PASSED)
    assert curve == [(0.025, 0.5, 2), (pytest.approx(0.955), 1.0, 2)]


def test_the_figures_take_reviews_with_one_before_them_and_students_as_units() -> None:
    score = np.array([[70.0, 90.0, 10.0], [70.0, 90.0, np.nan]])
    given = Histories(np.array([1, 2]), np.array([3, 2]), score, np.zeros((2, 3), np.int64))
    forecast = np.array([[np.nan, 0.8, 0.6], [np.nan, 0.6, np.nan]])
    figures = quality(forecast, given)
    first, second, third = -math.log(0.8), -math.log(0.4), -math.log(0.6)
    mean = (first + second + third) / 3
    assert figures.log_loss == pytest.approx(mean)
    assert figures.standard_error == pytest.approx(math.hypot(first + second - 2 * mean, third - mean) / 3)
    assert figures.calibration_error == pytest.approx((2 * 0.1 + 0.2) / 3)
    assert figures.auc == 0.75
