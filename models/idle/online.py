"""Models that learn one moment after the other, and say a chance before they learn it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from models.logistic import STEEPEST
from models.measures import Floats

RATE: Final = 0.15
FIRST: Final = 0.2
"""The share that a rate says of what it has never seen, and how much that weighs: as one moment in five."""


@dataclass
class Rates:
    """A share by some number, counted as it comes: the plain baselines."""

    hits: dict[int, float] = field(default_factory=dict)
    of: dict[int, float] = field(default_factory=dict)

    def chance(self, key: int) -> float:
        """Returns the share of what was learnt under a key.

        Example:
            >>> rates = Rates()
            >>> rates.learn(3, True); rates.learn(3, False)
            >>> round(rates.chance(3), 2), rates.chance(4)
            (0.4, 0.2)
        """
        return (self.hits.get(key, 0.0) + FIRST) / (self.of.get(key, 0.0) + 1)

    def learn(self, key: int, was: bool) -> None:  # noqa: FBT001
        """Counts one."""
        self.hits[key] = self.hits.get(key, 0.0) + was
        self.of[key] = self.of.get(key, 0.0) + 1


class OnlineLogistic:
    """Logistic regression by AdaGrad (Duchi, Hazan, Singer 2011): each weight's step shrinks with its own slopes.

    Example:
        >>> model = OnlineLogistic(1)
        >>> for _ in range(200):
        ...     model.learn(np.array([1.0]), True)
        >>> model.chance(np.array([1.0])) > 0.8
        True
    """

    def __init__(self, features: int) -> None:
        """Starts without knowing anything."""
        self._weights: Floats = np.zeros(features)
        self._slopes: Floats = np.full(features, 1.0)

    def chance(self, known: Floats) -> float:
        """Returns the chance of one."""
        odds = float(np.clip(known @ self._weights, -STEEPEST, STEEPEST))
        return 1 / (1 + float(np.exp(-odds)))

    def learn(self, known: Floats, was: bool) -> None:  # noqa: FBT001
        """Takes what came of one."""
        slope = (self.chance(known) - was) * known
        self._slopes += slope * slope
        self._weights -= RATE * slope / np.sqrt(self._slopes)
