"""A class whose memory is known: every pass is drawn with the retention of one model."""

from __future__ import annotations

from typing import Final

import numpy as np

from bench.forgetting.histories import Histories
from dataflows.scores.forgetting import DAY_MS, Floats, Model

PAIRS: Final = 6000
PAIRS_A_STUDENT: Final = 3
REVIEWS: Final = 8
FIRST_PASS_SHARE: Final = 0.7


def simulated(model: Model, seed: int, pairs: int = PAIRS) -> tuple[Histories, Floats]:
    """Returns the histories of a class that remembers as the model says, and the true chance of each pass.

    Reviews come around the due time, half of them between 0.6 and 1.6 intervals; a pass scores 70–100, a fail 20–69.
    """
    random = np.random.default_rng(seed)
    score, truth = np.empty((pairs, REVIEWS)), np.full((pairs, REVIEWS), np.nan)
    elapsed = np.zeros((pairs, REVIEWS), np.int64)
    score[:, 0] = _scores(random, np.full(pairs, FIRST_PASS_SHARE))
    memory = model.first(score[:, 0])
    for turn in range(1, REVIEWS):
        days = np.clip(memory.interval_days * random.lognormal(0, 0.7, pairs), 1, 365)
        elapsed[:, turn] = (days * DAY_MS).astype(np.int64)
        truth[:, turn] = model.retention(memory.stability, memory.decay_factor, elapsed[:, turn] / DAY_MS)
        score[:, turn] = _scores(random, truth[:, turn])
        memory = model.next(memory, score[:, turn], elapsed[:, turn])
    student = np.arange(pairs) // PAIRS_A_STUDENT
    return Histories(student, np.full(pairs, REVIEWS), score, elapsed), truth


def _scores(random: np.random.Generator, chance: Floats) -> Floats:
    """Returns whole scores of passes and fails that are drawn with the given chances."""
    passed = random.random(chance.shape) < chance
    return np.where(passed, random.integers(70, 101, chance.shape), random.integers(20, 70, chance.shape)).astype(
        np.float64
    )
