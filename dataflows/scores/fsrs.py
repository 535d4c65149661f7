"""FSRS 6, the Free Spaced Repetition Scheduler, over arrays of pairs.

The same numbers as the `fsrs` package with `enable_fuzzing=False, learning_steps=(), relearning_steps=()`
(https://github.com/open-spaced-repetition/py-fsrs, MIT), which handles one card at a time; a test holds both equal.
The fold counts whole days, as the package does; the curve takes fractions:

    retention = (1 + (0.9^(-1/decay) - 1) * t / stability)^-decay, so 0.9 at t = stability
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflows.operators.segments import Ints
from dataflows.scores.memory import DAY_MS, Floats, Memory

DEFAULT_PARAMETERS: Final = (
    *(0.212, 1.2931, 2.3065, 8.2956),  # stability after a first Again, Hard, Good, Easy
    *(6.4133, 0.8334, 3.0194, 0.001),  # difficulty
    *(1.8722, 0.1666, 0.796),  # stability after a recall
    *(1.4835, 0.0614, 0.2629, 1.6483),  # stability after a lapse
    *(0.6014, 1.8729),  # Hard's penalty, Easy's bonus
    *(0.5425, 0.0912, 0.0658),  # stability within a day
    0.1542,  # decay
)
"""`fsrs.scheduler.DEFAULT_PARAMETERS` of version 6."""

DEFAULT_CUTS: Final = (70.0, 80.0, 90.0)
"""The lowest scores that rate as Hard, Good and Easy."""

MIN_STABILITY: Final = 0.001
MIN_DIFFICULTY: Final = 1.0
MAX_DIFFICULTY: Final = 10.0
MAX_INTERVAL_DAYS: Final = 36_500.0
RETENTION_WHEN_DUE: Final = 0.9

AGAIN: Final = 1
HARD: Final = 2
GOOD: Final = 3
EASY: Final = 4


@dataclass(frozen=True, slots=True)
class Fsrs:
    """The FSRS model; `parameters` and `split_points` may be fitted ones.

    Example:
        >>> memory = Fsrs().first(np.array([60.0, 85.0, 95.0]))
        >>> memory.stability.tolist(), memory.interval_days.tolist()
        ([0.212, 2.3065, 8.2956], [1.0, 2.0, 8.0])
    """

    name: str = "fsrs"
    parameters: tuple[float, ...] = DEFAULT_PARAMETERS
    split_points: tuple[float, float, float] = DEFAULT_CUTS

    def rating(self, score: Floats) -> Ints:
        """Returns Again (1), Hard (2), Good (3) or Easy (4)."""
        return np.searchsorted(np.array(self.split_points), score, side="right").astype(np.int64) + 1

    def first(self, score: Floats) -> Memory:
        """Returns the memory after a first review."""
        rating = self.rating(score)
        stability = np.maximum(np.array(self.parameters[:4])[rating - 1], MIN_STABILITY)
        return self._memory(stability, _clamped(self._first_difficulty(rating.astype(np.float64))))

    def next(self, memory: Memory, score: Floats, elapsed_ms: Ints) -> Memory:
        """Returns the memory after one more review; whole days count."""
        rating = self.rating(score)
        days = (elapsed_ms // DAY_MS).astype(np.float64)
        retrieved = self.retention(memory.stability, memory.decay_factor, days)
        recalled = self._after_recall(memory, retrieved, rating)
        across = np.where(rating == AGAIN, self._after_lapse(memory, retrieved), recalled)
        stability = np.where(days < 1, self._within_a_day(memory.stability, rating), across)
        return self._memory(np.maximum(stability, MIN_STABILITY), self._next_difficulty(memory.difficulty, rating))

    def retention(self, stability: Floats, decay_factor: Floats, elapsed_days: Floats) -> Floats:
        """Returns the power curve of FSRS; `decay_factor` is its exponent, above 0."""
        factor = np.power(RETENTION_WHEN_DUE, -1.0 / decay_factor) - 1.0
        return np.power(1.0 + factor * np.maximum(0.0, elapsed_days) / stability, -decay_factor)

    def _memory(self, stability: Floats, difficulty: Floats) -> Memory:
        # The package multiplies by a quotient that is 1 up to its last digit where it wants 0.9 retained.
        factor = RETENTION_WHEN_DUE ** (-1 / self.parameters[20]) - 1
        interval = np.minimum(np.maximum(np.rint(stability / factor * factor), 1.0), MAX_INTERVAL_DAYS)
        return Memory(interval, stability, difficulty, np.full(stability.shape, self.parameters[20]))

    def _first_difficulty(self, rating: Floats) -> Floats:
        return self.parameters[4] - _exp(self.parameters[5] * (rating - 1.0)) + 1.0

    def _next_difficulty(self, difficulty: Floats, rating: Ints) -> Floats:
        easy = self.parameters[4] - math.e ** (self.parameters[5] * (EASY - 1)) + 1
        change = -(self.parameters[6] * (rating - GOOD))
        damped = difficulty + (MAX_DIFFICULTY - difficulty) * change / 9.0
        return _clamped(self.parameters[7] * easy + (1.0 - self.parameters[7]) * damped)

    def _after_recall(self, memory: Memory, retrieved: Floats, rating: Ints) -> Floats:
        w = self.parameters
        slower: Floats = math.e ** w[8] * (11.0 - memory.difficulty) * np.power(memory.stability, -w[9])
        rated = np.where(rating == HARD, w[15], np.where(rating == EASY, w[16], 1.0))
        return memory.stability * (1.0 + slower * (_exp((1.0 - retrieved) * w[10]) - 1.0) * rated)

    def _after_lapse(self, memory: Memory, retrieved: Floats) -> Floats:
        w = self.parameters
        kept: Floats = w[11] * np.power(memory.difficulty, -w[12]) * (np.power(memory.stability + 1.0, w[13]) - 1.0)
        within: Floats = memory.stability / math.e ** (w[17] * w[18])
        return np.minimum(kept * _exp((1.0 - retrieved) * w[14]), within)

    def _within_a_day(self, stability: Floats, rating: Ints) -> Floats:
        w = self.parameters
        gain = _exp(w[17] * (rating.astype(np.float64) - GOOD + w[18])) * np.power(stability, -w[19])
        return stability * np.where(rating >= GOOD, np.maximum(gain, 1.0), gain)


def _exp(power: Floats) -> Floats:
    """Returns e^x as the package does; `np.exp` may differ in the last digit, and intervals are rounded to days."""
    grown: Floats = np.power(math.e, power)
    return grown


def _clamped(difficulty: Floats) -> Floats:
    return np.minimum(np.maximum(difficulty, MIN_DIFFICULTY), MAX_DIFFICULTY)
