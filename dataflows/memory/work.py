"""What is folded together: the reviews of some pairs in their order, under the pair's model, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dataflows.memory.attempts import Scored, by_pair_and_time
from dataflows.memory.choice import Choice
from dataflows.memory.fold import Curves, Days, Folded, Reviews, counted_of, fold
from dataflows.operators.dictionary import Dictionary
from dataflows.operators.segments import Bools, Ints, starts_of

Codes = npt.NDArray[np.int32]


@dataclass(slots=True)
class Work:
    """Reviews to fold and where they lead; arrays have shape (reviews,) or (slots,).

    Attributes:
        pairs: The pair of each slot, ascending.
        refold: Which slots are folded from their first review on, not from where they stand.
        rows: The reviews' rows in `Attempts`, in the order of `reviews`.
        held: The attempts in these rows.
        reviews: The reviews by (slot, time, place in the log).
        start: Each slot's curves before.
        counted: Which reviews count.
        domain: Each slot's domain after each review.
        model: Each slot's model.
    """

    pairs: Ints
    refold: Bools
    rows: Ints
    held: Scored
    reviews: Reviews
    start: Curves
    counted: Bools
    domain: Codes
    model: npt.NDArray[np.int8]

    @property
    def onward(self) -> Ints:
        """The first counted review of each slot that is folded on from reviews before; indices into `rows`."""
        counted = np.flatnonzero(self.counted)
        slot = self.reviews.slot[counted]
        first = counted[np.append(True, slot[1:] != slot[:-1])[: len(slot)]]
        slot = self.reviews.slot[first]
        onward: Ints = first[~self.refold[slot] & (self.start.reviews[slot] > 0)]
        return onward


@dataclass(frozen=True, slots=True)
class Folding:
    """How reviews are folded.

    Attributes:
        choice: Which model a domain has.
        days: Local days of epoch milliseconds.
    """

    choice: Choice
    days: Days

    def work(  # noqa: PLR0913
        self,
        pairs: Ints,
        refold: Bools,
        rows: Ints,
        held: Scored,
        start: Curves,
        known: Codes,
        domains: Dictionary[str | None],
    ) -> Work:
        """Returns reviews ready to be folded.

        Args:
            pairs: The pair of each slot, ascending.
            refold: Which slots are folded from their first review on.
            rows: The reviews' rows in `Attempts`, in any order.
            held: The attempts in these rows.
            start: Each slot's curves before.
            known: Each slot's domain before.
            domains: The domains' names by code.
        """
        order = by_pair_and_time(held.pair, held)
        rows, held = rows[order], held.take(order)
        slot = np.searchsorted(pairs, held.pair).astype(np.int64)
        reviews = Reviews(slot, held.time_ms, held.score)
        counted = counted_of(reviews, start, self.days)
        domain = _running(counted & (held.domain > 0), held.domain, slot, known)
        last = known.copy()
        last[slot] = domain  # sorted by slot and time: the last write wins
        model = self.choice.of(last, domains)
        return Work(pairs, refold, rows, held, reviews, start, counted, domain, model)

    def fold(self, work: Work) -> tuple[Folded, Curves]:
        """Returns the memory after each review, and each slot's curves after its last one."""
        models = np.unique(work.model)
        if len(models) == 1:
            return fold(self.choice.model(int(models[0])), work.reviews, work.counted, work.start)
        mine = work.model[work.reviews.slot]
        parts = [
            (code, fold(self.choice.model(int(code)), work.reviews, work.counted & (mine == code), work.start))
            for code in models
        ]
        folded, now = parts[0][1]
        for code, (other, then) in parts[1:]:
            rows, slots = np.flatnonzero(mine == code), np.flatnonzero(work.model == code)
            for name in ("counted", "interval_days", "stability", "difficulty", "before", "due_ms"):
                getattr(folded, name)[rows] = getattr(other, name)[rows]
            now.put(slots, then.take(slots))
        return folded, now


def _running(known: Bools, domain: Codes, slot: Ints, before: Codes) -> Codes:
    """Returns the last known domain of the slot up to each review; `before` where there is none."""
    if not len(slot):
        return np.empty(0, np.int32)
    at = np.maximum.accumulate(np.where(known, np.arange(len(slot)), -1))
    starts = starts_of(slot)
    begin = np.repeat(starts, np.diff(starts, append=len(slot)))
    return np.where(at >= begin, domain[np.maximum(at, 0)], before[slot])
