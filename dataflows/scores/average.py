"""A moving average of scores and the days since: the plain model that forecasts best on real submissions.

    average   = average + WEIGHT * (score - average), from START
    stability = exp(clamp(INTERCEPT + SLOPE * (average - 70) / 10, LOWEST, HIGHEST)), the odds of passing at once
    retention = stability / (stability + (1 + t)^DECAY), the odds fall as a power of the days
    interval  = clamp(days until retention is 0.8, 1 day, 180 days)

So retention is below 1 at the review itself: one who passed may fail the next quiz on the same day. A punctual success
never shortens the interval. The numbers were fitted to OULAD (`docs/forgetting.md`); `difficulty` carries the average,
as 1 (all 100) to 10 (all 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflows.operators.segments import Bools, Ints
from dataflows.scores.ebbinghaus import MAX_INTERVAL_DAYS, MIN_INTERVAL_DAYS, PASS_SCORE, RETENTION_WHEN_DUE
from dataflows.scores.memory import DAY_MS, Floats, Memory

WEIGHT: Final = 0.6
START: Final = 79.0
INTERCEPT: Final = 0.54
SLOPE: Final = 1.31
DECAY: Final = 0.16
LOWEST: Final = -1.05
HIGHEST: Final = 2.95
"""Of the log odds at the review: some who always fail pass, some who never fail do."""

DIFFICULTY_PER_POINT: Final = 0.09


@dataclass(frozen=True, slots=True)
class Average:
    """The moving average as a forgetting model; its numbers may be fitted ones.

    Example:
        >>> model = Average()
        >>> memory = model.first(np.array([40.0, 95.0]))
        >>> (model.retention(memory.stability, memory.decay_factor, np.array([7.0, 7.0])) > 0.8).tolist()
        [False, True]
    """

    name: str = "average"
    weight: float = WEIGHT
    start: float = START
    intercept: float = INTERCEPT
    slope: float = SLOPE
    decay: float = DECAY
    lowest: float = LOWEST
    highest: float = HIGHEST

    def first(self, score: Floats) -> Memory:
        """Returns the memory after a first review: the average starts from that of all students."""
        return self._memory(self._moved(np.full(score.shape, self.start), score))

    def next(self, memory: Memory, score: Floats, elapsed_ms: Ints) -> Memory:
        """Returns the memory after one more review."""
        moved = self._memory(self._moved(100.0 - (memory.difficulty - 1.0) / DIFFICULTY_PER_POINT, score))
        punctual: Bools = (score >= PASS_SCORE) & (elapsed_ms / DAY_MS >= memory.interval_days)
        interval = np.where(punctual, np.maximum(moved.interval_days, memory.interval_days), moved.interval_days)
        return Memory(interval, moved.stability, moved.difficulty, moved.decay_factor)

    def retention(self, stability: Floats, decay_factor: Floats, elapsed_days: Floats) -> Floats:
        """Returns the chance of passing the next quiz."""
        faded: Floats = np.power(1.0 + np.maximum(0.0, elapsed_days), decay_factor)
        return stability / (stability + faded)

    def _moved(self, average: Floats, score: Floats) -> Floats:
        return average + self.weight * (score - average)

    def _memory(self, average: Floats) -> Memory:
        log_odds = self.intercept + self.slope * (average - PASS_SCORE) / 10.0
        odds = np.exp(np.minimum(np.maximum(log_odds, self.lowest), self.highest))
        due = np.power(odds * (1.0 / RETENTION_WHEN_DUE - 1.0), 1.0 / self.decay) - 1.0
        interval = np.minimum(np.maximum(due, MIN_INTERVAL_DAYS), MAX_INTERVAL_DAYS)
        difficulty = 1.0 + DIFFICULTY_PER_POINT * (100.0 - average)
        return Memory(interval, odds, difficulty, np.full(average.shape, self.decay))
