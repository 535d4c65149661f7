"""The fold: from sorted reviews of many pairs to the memory after each; the one way in which memory is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from dataflows.memory.attempts import places
from dataflows.operators.segments import Bools, Ints, starts_of
from dataflows.scores.forgetting import DAY_MS, Floats, Memory, Model

NO_DUE: Final = 1 << 62
"""When the next review falls due of a pair without reviews: never."""

Days = Callable[[Ints], Ints]
"""Local days of epoch milliseconds."""


@dataclass(slots=True)
class Curves:
    """The memory of pairs after their last counted review; arrays have shape (pairs,).

    Attributes:
        reviews: How many were counted; 0 where nothing is known and the rest means nothing.
        last_ms: The last one's time.
        score: Its score.
        interval_days: See `Memory`, as the next three.
        stability: Days.
        difficulty: 1-10 or NaN.
        decay_factor: The curve's.
    """

    reviews: Ints
    last_ms: Ints
    score: Floats
    interval_days: Floats
    stability: Floats
    difficulty: Floats
    decay_factor: Floats

    @classmethod
    def empty(cls, size: int) -> Curves:
        """Returns the curves of pairs of which nothing is known."""
        zero = np.zeros(size, np.int64)
        return cls(zero, zero.copy(), *(np.full(size, np.nan) for _ in range(5)))

    def take(self, index: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Curves:
        """Returns copies of some pairs' curves."""
        return Curves(*(getattr(self, f.name)[index] for f in fields(Curves)))

    def put(self, index: Ints, other: Curves) -> None:
        """Sets some pairs' curves."""
        for f in fields(Curves):
            getattr(self, f.name)[index] = getattr(other, f.name)

    def due_ms(self) -> Ints:
        """Returns when the next review falls due; `NO_DUE` without reviews."""
        return np.where(self.reviews > 0, due_after(self.last_ms, np.nan_to_num(self.interval_days)), NO_DUE)


@dataclass(frozen=True, slots=True)
class Reviews:
    """Reviews sorted by (slot, time, place in the log); arrays have shape (n,).

    Attributes:
        slot: Which of the pairs that are folded.
        time_ms: When.
        score: 0-100.
    """

    slot: Ints
    time_ms: Ints
    score: Floats


@dataclass(frozen=True, slots=True)
class Folded:
    """The memory after each review of `Reviews`; NaN where it is not counted.

    Attributes:
        counted: Whether it is the first of its local day.
        interval_days: See `Memory`, as the next two.
        stability: Days.
        difficulty: 1-10 or NaN.
        before: Retention when the review came; NaN at the first.
        due_ms: When the next one falls due; `NO_DUE` where it is not counted.
    """

    counted: Bools
    interval_days: Floats
    stability: Floats
    difficulty: Floats
    before: Floats
    due_ms: Ints


def due_after(time_ms: Ints, interval_days: Floats) -> Ints:
    """Returns when a review falls due: the interval's end, rounded to milliseconds."""
    return time_ms + np.rint(interval_days * DAY_MS).astype(np.int64)


def counted_of(reviews: Reviews, start: Curves, days: Days) -> Bools:
    """Marks the first review of each local day of a pair, that of its last counted review excepted."""
    if not len(reviews.slot):
        return np.empty(0, np.bool_)
    day = days(reviews.time_ms)
    begins = np.append(True, (reviews.slot[1:] != reviews.slot[:-1]) | (day[1:] != day[:-1]))
    known = start.reviews[reviews.slot] > 0
    last_day = days(start.last_ms)[reviews.slot]
    counted: Bools = begins & ~(known & (day == last_day))
    return counted


def fold(model: Model, reviews: Reviews, counted: Bools, start: Curves) -> tuple[Folded, Curves]:
    """Folds each pair's counted reviews in time order, all pairs at once, one review of each a round.

    Args:
        model: The forgetting model of these pairs.
        reviews: Sorted; all later than the pair's last counted one in `start`.
        counted: Which of them count.
        start: The pairs' curves before, one a slot; it is not changed.

    Returns:
        The memory after each review, and the pairs' curves after all.
    """
    total = len(reviews.slot)
    out = {name: np.full(total, np.nan) for name in ("interval_days", "stability", "difficulty", "before")}
    now = start.take(np.arange(len(start.reviews)))
    rows = np.flatnonzero(counted)
    turn = places(starts_of(reviews.slot[rows]), len(rows))
    by_turn = np.argsort(turn, kind="stable")
    for at in np.split(rows[by_turn], starts_of(turn[by_turn])[1:]):
        _round(model, reviews, at, now, out)
    interval = out["interval_days"]
    due = np.where(counted, due_after(reviews.time_ms, np.nan_to_num(interval)), NO_DUE)
    return Folded(counted, interval, out["stability"], out["difficulty"], out["before"], due), now


def _round(model: Model, reviews: Reviews, at: Ints, now: Curves, out: dict[str, Floats]) -> None:
    """Takes one review of each of some pairs."""
    slot, time_ms, score = reviews.slot[at], reviews.time_ms[at], reviews.score[at]
    known = now.reviews[slot] > 0
    if not known.all():
        _remember(model.first(score[~known]), at[~known], slot[~known], now, out)
    if known.any():
        last = now.take(slot[known])
        elapsed_ms = time_ms[known] - last.last_ms
        out["before"][at[known]] = model.retention(last.stability, last.decay_factor, elapsed_ms / DAY_MS)
        memory = Memory(last.interval_days, last.stability, last.difficulty, last.decay_factor)
        _remember(model.next(memory, score[known], elapsed_ms), at[known], slot[known], now, out)
    now.reviews[slot] += 1
    now.last_ms[slot], now.score[slot] = time_ms, score


def _remember(memory: Memory, at: Ints, slot: Ints, now: Curves, out: dict[str, Floats]) -> None:
    for name in ("interval_days", "stability", "difficulty"):
        out[name][at] = getattr(memory, name)
        getattr(now, name)[slot] = getattr(memory, name)
    now.decay_factor[slot] = memory.decay_factor
