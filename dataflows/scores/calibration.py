"""The chance to pass now: what a model's retention and the last score are worth, as it was seen.

A forgetting model schedules revision; its retention is no chance (docs/forgetting.md). A calibration reads it as one,
by a logistic curve over its log-odds (Platt 1999) and over how far the last score lay from the pass mark:

    log-odds    = intercept + slope * logit(0.001 + 0.998 * retention) + score * (last score - mark) / 10
    pass_chance = 1 / (1 + exp(-log-odds))

The SQL function `pass_chance` is the same formula; a test holds both equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from dataflows.scores.memory import Floats

Bools = npt.NDArray[np.bool_]

FLOOR: Final = 0.001
"""Retention is drawn so far off 0 and 1, by a straight line."""
LARGEST: Final = 20.0
"""Of any parameter; the schema refuses more."""
_STEPS: Final = 100
_RIDGE: Final = 1e-6
_ENOUGH: Final = 1e-10


@dataclass(frozen=True, slots=True)
class Calibration:
    """One reading of a model's retention.

    Attributes:
        intercept: Log-odds of passing where retention is a half and the last score was the mark.
        slope: What a unit of retention's log-odds adds; never negative: no chance rises while nothing is revised.
        score: What ten points of the last score add; never negative.
    """

    intercept: float
    slope: float
    score: float

    def chance(self, retention: Floats, last_score: Floats, pass_mark: Floats) -> Floats:
        """Returns the chances to pass.

        Args:
            retention: 0-1, as the model tells it.
            last_score: 0-100, of the last counted review.
            pass_mark: 0-100, of the module.

        Example:
            >>> one = Calibration(intercept=0.8, slope=0.13, score=0.58)
            >>> one.chance(np.array([1.0, 0.5, 0.0]), np.array([85.0, 85, 85]), np.array([70.0, 70, 70])).round(2)
            array([0.93, 0.84, 0.68])
        """
        kept = FLOOR + (1 - 2 * FLOOR) * retention
        above = (last_score - pass_mark) / 10
        log_odds = self.intercept + self.slope * np.log(kept / (1 - kept)) + self.score * above
        return 1 / (1 + np.exp(-log_odds))

    def parameters(self) -> dict[str, float]:
        """Returns what the table `calibrations` keeps."""
        return {"intercept": self.intercept, "slope": self.slope, "score": self.score}


def from_parameters(kept: Mapping[str, float]) -> Calibration:
    """Returns the calibration that the table keeps."""
    return Calibration(kept["intercept"], kept["slope"], kept["score"])


SHIPPED: Final[Mapping[str, Calibration]] = {
    "ebbinghaus": Calibration(0.80, 0.13, 0.58),
    "fsrs": Calibration(0.06, 0.31, 0.52),
    "average": Calibration(0.0, 1.0, 0.0),
}
"""Version 1, by model: fitted to 70 % of OULAD's students, measured on the others; `average` tells chances as it is."""


def fit(retention: Floats, last_score: Floats, pass_mark: Floats, passed: Bools) -> Calibration:
    """Returns the calibration of the smallest log loss, to four decimals, by Newton's method.

    Args:
        retention: The instant before each review.
        last_score: Of the review before it.
        pass_mark: Of its module.
        passed: Whether it was passed; some must be, and some not.
    """
    terms = _terms(retention, last_score, pass_mark)
    free = np.array([True, True, True])
    for _ in range(terms.shape[1]):
        values = np.zeros(3)
        values[free] = _newton(terms[:, free], passed)
        # a chance that rises with forgetting, or falls with the score, is chance: without that term
        wrong = free & (values < 0) & np.array([False, True, True])
        if not wrong.any():
            break
        free &= ~wrong
    intercept, slope, score = np.clip(values, [-LARGEST, 0, 0], LARGEST).round(4).tolist()
    return Calibration(intercept, slope, score)


def losses(chance: Floats, passed: Bools) -> Floats:
    """Returns the log loss of each forecast, in nats; a chance is kept 0.001 off 0 and 1."""
    kept = np.clip(chance, FLOOR, 1 - FLOOR)
    return -np.log(np.where(passed, kept, 1 - kept))


def _terms(retention: Floats, last_score: Floats, pass_mark: Floats) -> Floats:
    kept = FLOOR + (1 - 2 * FLOOR) * retention
    return np.column_stack([np.ones(len(kept)), np.log(kept / (1 - kept)), (last_score - pass_mark) / 10])


def _newton(terms: Floats, passed: Bools) -> Floats:
    values = np.zeros(terms.shape[1])
    small = _RIDGE * len(terms) * np.eye(terms.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-(terms @ values)))
        slope = terms.T @ (chance - passed) + small @ values
        curvature = (terms * (chance * (1 - chance))[:, None]).T @ terms + small
        step = np.linalg.solve(curvature, slope)
        values = np.clip(values - step, -LARGEST, LARGEST)
        if np.abs(step).max() < _ENOUGH:
            break
    return values
