"""The default forgetting model: an exponential curve whose interval grows with each good review.

    c         = score / 70
    growth    = 1 + (2c - 1) * min(1, elapsed / interval)   where score >= 70
              = c                                           below
    interval  = clamp(interval * growth, 1 day, 180 days), from 1 day
    stability = interval / -ln 0.8
    retention = exp(-t / stability), so 0.8 when the review falls due

The requirement's own rule multiplies by 2c whatever the score and however soon: an interval would grow after a 40,
and with every one of five attempts in one sitting (`docs/forgetting.md`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflows.operators.segments import Ints
from dataflows.scores.memory import DAY_MS, Floats, Memory

PASS_SCORE: Final = 70.0
GROWTH_AT_PASS: Final = 2.0
FIRST_INTERVAL_DAYS: Final = 1.0
MIN_INTERVAL_DAYS: Final = 1.0
MAX_INTERVAL_DAYS: Final = 180.0
RETENTION_WHEN_DUE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Ebbinghaus:
    """The exponential model.

    Example:
        >>> memory = Ebbinghaus().first(np.array([85.0]))
        >>> round(float(memory.interval_days[0]), 2), round(float(memory.stability[0]), 2)
        (2.43, 10.88)
    """

    name: str = "ebbinghaus"
    pass_score: float = PASS_SCORE
    growth_at_pass: float = GROWTH_AT_PASS
    first_interval_days: float = FIRST_INTERVAL_DAYS
    retention_when_due: float = RETENTION_WHEN_DUE

    def first(self, score: Floats) -> Memory:
        """Returns the memory after a first review, which counts as a punctual one."""
        return self._after(np.full(score.shape, self.first_interval_days), score, np.ones(score.shape))

    def next(self, memory: Memory, score: Floats, elapsed_ms: Ints) -> Memory:
        """Returns the memory after one more review; one that comes early counts in part."""
        punctuality = np.minimum(1.0, elapsed_ms / DAY_MS / memory.interval_days)
        return self._after(memory.interval_days, score, punctuality)

    def retention(self, stability: Floats, decay_factor: Floats, elapsed_days: Floats) -> Floats:
        """Returns exp(-t / stability); `decay_factor` is 1 / stability, kept for readers of the table."""
        return np.exp(-np.maximum(0.0, elapsed_days) / stability)

    def _after(self, interval: Floats, score: Floats, punctuality: Floats) -> Memory:
        ratio = score / self.pass_score
        passed = 1.0 + (self.growth_at_pass * ratio - 1.0) * punctuality
        grown = interval * np.where(score >= self.pass_score, passed, ratio)
        kept = np.minimum(np.maximum(grown, MIN_INTERVAL_DAYS), MAX_INTERVAL_DAYS)
        stability = kept / -math.log(self.retention_when_due)
        return Memory(kept, stability, np.full(score.shape, np.nan), 1.0 / stability)
