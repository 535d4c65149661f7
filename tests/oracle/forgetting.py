"""The two models of forgetting, one review at a time, from definitions.md; FSRS by the `fsrs` package itself."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fsrs import Card, Rating, Scheduler  # type: ignore[import-untyped]

DAY_MS = 86_400_000
PASS, RETAINED, SHORTEST, LONGEST = 70, 0.8, 1.0, 180.0
FSRS = Scheduler(enable_fuzzing=False, learning_steps=(), relearning_steps=())
#: The closed form's exponent and factor: (1 + F t / S) ** -D is 0.9 at t = S.
DECAY = FSRS.parameters[20]
FACTOR = 0.9 ** (-1 / DECAY) - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Memory:
    """What a model holds of a student and module after one review; nothing is rounded.

    Attributes:
        at: The review's time, epoch milliseconds.
        due: When the next review falls due, epoch milliseconds.
        interval: Days between the two.
        stability: Days.
        decay: As `memory_state.decay_factor`.
        difficulty: 1-10; None where the model knows none.
        before: Retention when the review came; None at the first.
    """

    at: int
    due: int
    interval: float
    stability: float
    decay: float
    difficulty: float | None
    before: float | None


def fold(model: str, reviews: Iterable[tuple[int, float]]) -> list[Memory]:
    """Returns the memory after each counted review.

    Args:
        model: `ebbinghaus` or `fsrs`.
        reviews: (time in epoch milliseconds, score) in time order.
    """
    return {"ebbinghaus": _ebbinghaus, "fsrs": _fsrs}[model](list(reviews))


def retention(model: str, stability: float, days: float) -> float:
    """Returns the share that is still known `days` (fractional) after the last review."""
    if model == "ebbinghaus":
        return math.exp(-days / stability)
    return float((1 + FACTOR * days / stability) ** -DECAY)


def _ebbinghaus(reviews: list[tuple[int, float]]) -> list[Memory]:
    found: list[Memory] = []
    for at, score in reviews:
        confidence = score / PASS
        if found:
            last = found[-1]
            elapsed, interval = (at - last.at) / DAY_MS, last.interval
            before = retention("ebbinghaus", last.stability, elapsed)
        else:
            elapsed, interval, before = 1.0, 1.0, None
        growth = confidence
        if score >= PASS:
            growth = 1 + (2 * confidence - 1) * min(1.0, elapsed / interval)
        interval = min(max(interval * growth, SHORTEST), LONGEST)
        stability = interval / -math.log(RETAINED)
        due = at + round(interval * DAY_MS)
        found.append(Memory(at, due, interval, stability, 1 / stability, None, before))
    return found


def _fsrs(reviews: list[tuple[int, float]]) -> list[Memory]:
    found: list[Memory] = []
    card = Card(card_id=1, due=EPOCH)
    for at, score in reviews:
        before = None
        if found:
            before = retention("fsrs", found[-1].stability, (at - found[-1].at) / DAY_MS)
        rating = (
            Rating.Again if score < 70 else Rating.Hard if score < 80 else Rating.Good if score < 90 else Rating.Easy
        )
        when = EPOCH + timedelta(milliseconds=at)
        card, _log = FSRS.review_card(card, rating, when)
        assert card.stability is not None
        interval = (card.due - when) / timedelta(days=1)
        due = (card.due - EPOCH) // timedelta(milliseconds=1)
        found.append(Memory(at, due, interval, card.stability, DECAY, card.difficulty, before))
    return found


def _rating(score: float) -> Rating:
    if score < 70:
        return Rating.Again
    if score < 80:
        return Rating.Hard
    return Rating.Good if score < 90 else Rating.Easy
