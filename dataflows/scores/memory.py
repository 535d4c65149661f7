"""What a forgetting model knows of a student and a module, and the interface that every model has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from dataflows.operators.segments import Bools, Ints

Floats = npt.NDArray[np.float64]

DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered after the last review of many pairs (student, module), one element a pair.

    Attributes:
        interval_days: Days from the last review to the next, shape (n,).
        stability: Days that the curve is stretched by; the odds of passing in `average`.
        difficulty: 1–10; NaN where the model has none.
        decay_factor: The model's decay: a day's rate (`ebbinghaus`) or an exponent (`fsrs`, `average`).
    """

    interval_days: Floats
    stability: Floats
    difficulty: Floats
    decay_factor: Floats

    def take(self, index: Ints | Bools) -> Memory:
        """Returns the pairs that an index array or a mask selects.

        Example:
            >>> one = np.array([1.0, 2.0])
            >>> Memory(one, one, one, one).take(np.array([1])).interval_days.tolist()
            [2.0]
        """
        return Memory(
            self.interval_days[index], self.stability[index], self.difficulty[index], self.decay_factor[index]
        )


class Model(Protocol):
    """A forgetting model: a pure fold over the sorted reviews of a pair, and a curve.

    Every operation is elementwise, so a pair's numbers do not depend on which pairs are folded beside it.
    """

    @property
    def name(self) -> str:
        """The name in settings and tables."""

    def first(self, score: Floats) -> Memory:
        """Returns the memory after the first review of each pair.

        Args:
            score: 0–100, shape (n,).
        """

    def next(self, memory: Memory, score: Floats, elapsed_ms: Ints) -> Memory:
        """Returns the memory after one more review of each pair.

        Args:
            memory: What the reviews before left, n pairs.
            score: 0–100, shape (n,).
            elapsed_ms: Milliseconds since the review before, at least 0.
        """

    def retention(self, stability: Floats, decay_factor: Floats, elapsed_days: Floats) -> Floats:
        """Returns the share that is still remembered, 0–1; before the review what it is at the review.

        Args:
            stability: As in `Memory`, shape (n,).
            decay_factor: As in `Memory`.
            elapsed_days: Days, with fractions, since the last review.
        """
