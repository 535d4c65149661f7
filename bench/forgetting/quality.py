"""How good forecasts of pass or fail are: log loss, calibration, AUC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.forgetting.histories import Histories
from dataflows.operators.segments import Bools, Ints
from dataflows.scores.forgetting import Floats

FLOOR: Final = 0.001
"""Forecasts are kept this far from 0 and 1, so that one certain error does not decide a log loss."""

BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures of one forecaster over held-out students.

    Attributes:
        log_loss: Nats a review; lower is better.
        standard_error: Of the log loss, students taken as the units.
        calibration_error: Expected calibration error over ten equal bins of the forecast.
        auc: Chance that a passed review was forecast higher than a failed one.
        curve: Of each bin that holds any: mean forecast, share passed, reviews.
    """

    log_loss: float
    standard_error: float
    calibration_error: float
    auc: float
    curve: list[tuple[float, float, int]]


def losses(forecast: Floats, passed: Bools) -> Floats:
    """Returns the log loss of each review in nats."""
    chance = np.clip(forecast, FLOOR, 1 - FLOOR)
    return -np.log(np.where(passed, chance, 1 - chance))


def area_under_curve(forecast: Floats, passed: Bools) -> float:
    """Returns the area under the ROC curve; ties count half.

    Example:
        >>> area_under_curve(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
        0.875
    """
    _values, inverse, count = np.unique(forecast, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[inverse]
    positive, negative = int(passed.sum()), int((~passed).sum())
    return float((ranks[passed].sum() - positive * (positive + 1) / 2) / (positive * negative))


def calibration(forecast: Floats, passed: Bools) -> list[tuple[float, float, int]]:
    """Returns mean forecast, share passed and reviews of each tenth of the scale that holds any."""
    bins = np.minimum((forecast * BINS).astype(np.int64), BINS - 1)
    held = [bins == number for number in range(BINS)]
    return [(float(forecast[b].mean()), float(passed[b].mean()), int(b.sum())) for b in held if b.any()]


def quality(forecast: Floats, given: Histories) -> Quality:
    """Returns the figures over all reviews that have one before them."""
    judged = given.forecast
    chance, passed = forecast[judged], given.passed[judged]
    loss, student = losses(chance, passed), np.broadcast_to(given.student[:, None], judged.shape)[judged]
    curve = calibration(chance, passed)
    return Quality(
        log_loss=float(loss.mean()),
        standard_error=_clustered_error(loss, student),
        calibration_error=sum(count * abs(mean - share) for mean, share, count in curve) / len(chance),
        auc=area_under_curve(chance, passed),
        curve=curve,
    )


def _clustered_error(loss: Floats, student: Ints) -> float:
    """Returns the standard error of the mean where the reviews of one student are not independent."""
    _students, inverse = np.unique(student, return_inverse=True)
    return float(np.sqrt((np.bincount(inverse, loss - loss.mean()) ** 2).sum()) / len(loss))
