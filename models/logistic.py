"""Logistic regression with a ridge, by Newton's method: a model that explains itself, on NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from models.measures import Bools, Floats

STEPS: Final = 50
NEAR: Final = 1e-8
STEEPEST: Final = 30.0


@dataclass(frozen=True, slots=True)
class Logistic:
    """chance = 1 / (1 + exp(-(intercept + sum of weight × (x - mean) / spread))).

    Attributes:
        intercept: Log-odds of who is average in everything.
        weights: By feature.
        mean: Of each feature in what it was fitted to.
        spread: Standard deviation there; 1 where it is none.
    """

    intercept: float
    weights: Floats
    mean: Floats
    spread: Floats

    def parts(self, features: Floats) -> Floats:
        """Returns what each feature adds to the log-odds, shape (n, features)."""
        found: Floats = (features - self.mean) / self.spread * self.weights
        return found

    def chance(self, features: Floats) -> Floats:
        """Returns chances, shape (n,)."""
        return sigmoid(self.intercept + self.parts(features).sum(axis=1))

    def as_json(self) -> dict[str, Any]:
        """Returns what a file keeps, in eight digits."""
        return {
            "intercept": round(self.intercept, 8),
            **{name: np.round(getattr(self, name), 8).tolist() for name in ("weights", "mean", "spread")},
        }

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> Logistic:
        """Returns the model that a file keeps."""
        columns = (np.array(kept[name], np.float64) for name in ("weights", "mean", "spread"))
        return cls(float(kept["intercept"]), *columns)


def sigmoid(odds: Floats) -> Floats:
    """Returns chances of log-odds.

    Example:
        >>> sigmoid(np.array([0.0, 100.0])).tolist()
        [0.5, 1.0]
    """
    chances: Floats = 1 / (1 + np.exp(-np.clip(odds, -STEEPEST * 2, STEEPEST * 2)))
    return chances


def fit(features: Floats, was: Bools, ridge: float = 1.0) -> Logistic:
    """Fits the chances of `was`; without randomness, so the same data give the same model.

    Args:
        features: Shape (n, features), finite.
        was: Shape (n,).
        ridge: Half the penalty of a squared weight, of standardised features; the intercept has none.

    Example:
        >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
        >>> model = fit(x, np.array([False, False, True, True]))
        >>> [round(chance, 2) for chance in model.chance(x).tolist()]
        [0.22, 0.4, 0.6, 0.78]
    """
    mean = features.mean(axis=0)
    spread = features.std(axis=0)
    spread = np.where(spread > NEAR, spread, 1.0)
    design = np.column_stack([np.ones(len(features)), (features - mean) / spread])
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = NEAR
    theta = np.zeros(design.shape[1])
    for _ in range(STEPS):
        chances = sigmoid(design @ theta)
        slope = design.T @ (chances - was) + penalty * theta
        bend = (design * (chances * (1 - chances))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        theta -= step
        if np.abs(step).max() < NEAR:
            break
    return Logistic(float(theta[0]), theta[1:], mean, spread)
