"""What every student of a task remembers of every module: reviews in, curves and signals kept, changed rows out."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from dataflows.memory.attempts import NO_PAIR, Added, Attempts, Scored
from dataflows.memory.choice import Choice
from dataflows.memory.falling_due import FallingDue, signals_of
from dataflows.memory.fold import Curves, Days, Folded
from dataflows.memory.pairs import Pairs
from dataflows.memory.signals import FROM_THE_START, Signals
from dataflows.memory.standing import NO_ROW, Standing
from dataflows.memory.work import Codes, Folding, Work
from dataflows.operators.dictionary import Dictionary
from dataflows.operators.segments import Bools, Ints, starts_of, unique_sorted
from dataflows.scores.forgetting import Floats


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Reviews whose rows are to be written; arrays have shape (n,). NaN where a review is not counted."""

    row: Ints
    counted: Bools
    interval_days: Floats
    stability: Floats
    difficulty: Floats
    before: Floats


class Memories:
    """The memory of one task."""

    def __init__(self, choice: Choice, days: Days) -> None:
        """Starts without students.

        Args:
            choice: Which model a domain has.
            days: Local days of epoch milliseconds.
        """
        self._choice, self._folding = choice, Folding(choice, days)
        self.pairs = Pairs()
        self.domains: Dictionary[str | None] = Dictionary([None])
        self.attempts = Attempts()
        self.standing = Standing()
        self.signals = FallingDue(self.standing)
        self._reviewed: list[Reviewed] = []
        self._left: list[Ints] = []
        self._doubtful: list[Ints] | None = []

    @property
    def models(self) -> list[str]:
        """The models' names by code."""
        return self._choice.names

    def add(self, reported: Scored) -> Bools:
        """Takes attempts in the order in which they are believed, and folds what they change.

        Returns:
            Which of them are believed.
        """
        before = len(self.attempts)
        added = self.attempts.add(reported)
        self._grow()
        self._left.append(added.left)
        if self._doubtful is not None:
            # Read in another order, a telling that is not believed may have been, and its pair have been written.
            otherwise = reported.pair[~added.new & (reported.pair != NO_PAIR)].astype(np.int64)
            self._doubtful.append(otherwise)
            self._left.append(otherwise)
        self._review(added, before)
        return added.new

    def _grow(self) -> None:
        more = len(self.pairs) - len(self.standing)
        if more:
            self.standing.grow(more)
            self.signals.waiting.grow(len(self.pairs))

    def _review(self, added: Added, before: int) -> None:
        """Folds the pairs that an addition concerns: on from where they stand, or anew."""
        held = self.attempts.of(added.rows)
        mine = held.pair != NO_PAIR
        rows, pair = added.rows[mine], held.pair[mine].astype(np.int64)
        changed = unique_sorted(np.concatenate([pair[rows < before], added.left]))
        refold = unique_sorted(np.concatenate([changed, pair[~self._after_last(held.take(mine), pair)]]))
        pairs = unique_sorted(np.concatenate([pair, refold]))
        if self._doubtful is not None:
            self._doubtful.append(pairs)
        self._fold_pairs(pairs, refold, rows, changed)

    def _after_last(self, held: Scored, pair: Ints) -> Bools:
        """Returns which reviews are later than the last counted one of their pair."""
        last = self.standing.last_row[pair]
        known = last != NO_ROW
        if not known.any():
            return np.ones(len(known), np.bool_)
        than = self.attempts.of(np.where(known, last, 0).astype(np.int64))
        same_time = held.time_ms == than.time_ms
        later = (held.time_ms > than.time_ms) | (same_time & (held.placed > than.placed))
        after: Bools = np.logical_not(known) | later
        return after

    def _fold_pairs(self, pairs: Ints, refold: Ints, rows: Ints, changed: Ints) -> None:
        if not len(pairs):
            return
        work = self._work(pairs, np.isin(pairs, refold), rows)
        turned = ~work.refold & (work.start.reviews > 0) & (work.model != self.standing.model[pairs])
        if turned.any():
            # A domain that was not known before brings another model: the pair is another curve from its first review.
            work = self._work(pairs, work.refold | turned, rows)
        announced = self._announced(work, rows, changed)
        self._take(work, *self._folding.fold(work), announced)

    def _work(self, pairs: Ints, refold: Bools, new_rows: Ints) -> Work:
        pair = self.attempts.of(new_rows).pair
        onward = new_rows[~refold[np.searchsorted(pairs, pair)]]
        rows = np.concatenate([onward, self.attempts.rows_of(pairs[refold])])
        start = self.standing.curves.take(pairs)
        start.reviews[refold] = 0
        known = np.where(refold, np.int32(0), self.standing.domain[pairs])
        return self._sorted(pairs, refold, rows, start, known)

    def _sorted(self, pairs: Ints, refold: Bools, rows: Ints, start: Curves, known: Codes) -> Work:
        return self._folding.work(pairs, refold, rows, self.attempts.of(rows), start, known, self.domains)

    def _announced(self, work: Work, new_rows: Ints, changed: Ints) -> Signals:
        """Returns the signals of the pairs that are folded anew which were announced before."""
        again = work.pairs[work.refold]
        pairs = again[work.start.last_ms[work.refold] != 0]
        # Of a review that is reported otherwise now, what was announced is not known: it may be announced again.
        pairs = pairs[~np.isin(pairs, changed) & (self.standing.last_row[pairs] != NO_ROW)]
        if not len(pairs):
            return self.signals.drop_unannounced(Signals.none(), again)
        rows = np.setdiff1d(self.attempts.rows_of(pairs), new_rows)
        nothing = np.ones(len(pairs), np.bool_)
        then = self._sorted(pairs, nothing, rows, Curves.empty(len(pairs)), np.zeros(len(pairs), np.int32))
        then.model = self.standing.model[pairs]
        return self.signals.drop_unannounced(signals_of(then, self._folding.fold(then)[0]), again)

    def _take(self, work: Work, folded: Folded, now: Curves, announced: Signals) -> None:
        """Makes a fold's outcome the state, and notes which rows it changes."""
        reviewed = Reviewed(
            work.rows, work.counted, folded.interval_days, folded.stability, folded.difficulty, folded.before
        )
        self._reviewed.append(reviewed)
        self.signals.take(work, folded, announced)
        self.standing.take(work, now)

    def changed_reviews(self) -> Reviewed:
        """Returns the reviews whose rows changed, each once, and forgets them."""
        if not self._reviewed:
            none = np.empty(0)
            return Reviewed(np.empty(0, np.int64), np.empty(0, np.bool_), none, none, none, none)
        row, counted, *numbers = (
            np.concatenate([getattr(part, f.name) for part in self._reviewed]) for f in fields(Reviewed)
        )
        self._reviewed = []
        order = np.argsort(row, kind="stable")
        last = order[np.append(starts_of(row[order])[1:], len(row)) - 1]
        last = last[self.attempts.of(row[last]).pair != NO_PAIR]
        return Reviewed(row[last], counted[last], *(n[last] for n in numbers))

    def left_pairs(self) -> Ints:
        """Returns the pairs that lost a review to another pair, and forgets them."""
        left, self._left = self._left, []
        return unique_sorted(np.concatenate(left)) if left else np.empty(0, np.int64)

    def resolve_doubts(self) -> None:
        """Folds anew what changed before the first write of a worker.

        The database may be ahead of the snapshot, and hold signals of reviews between batch boundaries that are others
        now: whatever is stored of these pairs makes way.
        """
        doubtful, self._doubtful = self._doubtful, None
        pairs = unique_sorted(np.concatenate(doubtful)) if doubtful else np.empty(0, np.int64)
        nothing = np.empty(0, np.int64)
        self._fold_pairs(pairs[self.standing.last_row[pairs] != NO_ROW], pairs, nothing, nothing)
        self.signals.waiting.make_way(pairs, np.full(len(pairs), FROM_THE_START))

    def refold_all(self, announced_ms: int) -> None:
        """Folds everything anew, as after a change of the models; what was due by `announced_ms` is not announced."""
        pairs = np.flatnonzero(self.standing.last_row != NO_ROW)
        if not len(pairs):
            return
        self.signals.waiting.drop(pairs)
        work = self._work(pairs, np.ones(len(pairs), np.bool_), np.empty(0, np.int64))
        folded, now = self._folding.fold(work)
        announced = signals_of(work, folded)
        self._take(work, folded, now, announced.take(announced.due_ms <= announced_ms))

    def state(self) -> dict[str, Any]:
        """Returns what a snapshot must hold."""
        return {
            "models": self._choice.key,
            "pairs": self.pairs.state(),
            "domains": list(self.domains.values),
            "attempts": self.attempts.state(),
            **self.standing.state(),
            "waiting": self.signals.waiting.state(),
            "reviewed": self._reviewed,
            "left": self._left,
            "doubtful": self._doubtful or [],
        }

    def restore(self, state: dict[str, Any], low_ms: int) -> None:
        """Continues from a snapshot's state; under other models than it was made with, all is folded anew.

        Args:
            state: The state.
            low_ms: The watermark that the snapshot had come to.
        """
        self.pairs.restore(state["pairs"])
        self.domains = Dictionary(state["domains"])
        self.attempts.restore(state["attempts"])
        self.standing.restore(state)
        self.signals.waiting.restore(state["waiting"])
        self._reviewed, self._left = list(state["reviewed"]), list(state["left"])
        self._doubtful = list(state["doubtful"])
        if state["models"] != self._choice.key:
            self.refold_all(low_ms)
