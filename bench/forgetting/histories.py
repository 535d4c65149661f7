"""Review histories as one matrix: a row a pair (student, module), a column a review."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from dataflows.operators.segments import Bools, Ints
from dataflows.scores.forgetting import DAY_MS, Floats, Model

PASS_MARK: Final = 70.0


@dataclass(frozen=True, slots=True)
class Histories:
    """Pairs with at least two reviews, those with most reviews first.

    Attributes:
        student: Whose pair it is, shape (pairs,).
        length: Reviews of the pair, descending.
        score: 0–100, NaN beyond the pair's length, shape (pairs, reviews).
        elapsed_ms: Since the review before, 0 for the first.
    """

    student: Ints
    length: Ints
    score: Floats
    elapsed_ms: Ints

    @property
    def passed(self) -> Bools:
        """Which reviews were passed: what a forecast has to say."""
        return self.score >= PASS_MARK

    @property
    def forecast(self) -> Bools:
        """Which reviews have one before them and so can be forecast."""
        columns = np.arange(self.score.shape[1])
        return (columns > 0) & (columns < self.length[:, None])

    def of(self, pairs: Bools) -> Histories:
        """Returns the selected pairs."""
        return Histories(self.student[pairs], self.length[pairs], self.score[pairs], self.elapsed_ms[pairs])

    def at_once(self) -> Histories:
        """Returns the same reviews without the time between them."""
        return replace(self, elapsed_ms=np.zeros_like(self.elapsed_ms))

    def held_out(self, share: float, seed: int) -> Bools:
        """Returns the pairs of a random share of the students."""
        students, inverse = np.unique(self.student, return_inverse=True)
        chosen: Bools = np.random.default_rng(seed).random(len(students)) < share
        return chosen[inverse]


def histories(reviews: pl.DataFrame) -> Histories:
    """Returns the histories of scored reviews; the first of a UTC day counts, as in the flow.

    Args:
        reviews: student (Int64), module (any), at_ms (Int64), id (any; breaks ties), score (Float64).
    """
    ordered = reviews.sort("student", "module", "at_ms", "id")
    days = ordered.with_columns(day=pl.col("at_ms") // pl.lit(DAY_MS, pl.Int64))
    counted = days.unique(["student", "module", "day"], keep="first", maintain_order=True)
    pairs = counted.group_by("student", "module", maintain_order=True).agg("at_ms", "score", length=pl.len())
    pairs = pairs.filter(pl.col("length") > 1).sort("length", descending=True, maintain_order=True)
    length = pairs["length"].cast(pl.Int64).to_numpy()
    inside = np.arange(length.max())[None, :] < length[:, None]
    score, at_ms = np.full(inside.shape, np.nan), np.zeros(inside.shape, np.int64)
    score[inside] = pairs["score"].explode().to_numpy()
    at_ms[inside] = pairs["at_ms"].explode().to_numpy()
    elapsed = np.where(inside, np.diff(at_ms, axis=1, prepend=at_ms[:, :1]), 0)
    return Histories(pairs["student"].to_numpy(), length, score, elapsed)


def retained(model: Model, given: Histories) -> Floats:
    """Returns a model's retention just before each review, NaN where there is nothing to forecast."""
    forecast = np.full(given.score.shape, np.nan)
    memory = model.first(given.score[:, 0])
    for turn in range(1, given.score.shape[1]):
        going = np.arange(int((given.length > turn).sum()))
        memory, elapsed = memory.take(going), given.elapsed_ms[going, turn]
        forecast[going, turn] = model.retention(memory.stability, memory.decay_factor, elapsed / DAY_MS)
        memory = model.next(memory, given.score[going, turn], elapsed)
    return forecast
