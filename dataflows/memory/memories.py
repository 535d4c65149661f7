"""What every student of a task remembers of every module: reviews in, curves and signals kept, changed rows out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dataflows.memory.attempts import NO_PAIR, Added, Attempts, Scored, by_pair_and_time
from dataflows.memory.choice import Choice
from dataflows.memory.fold import Curves, Days, Folded, Reviews, counted_of, fold
from dataflows.memory.pairs import Pairs
from dataflows.memory.signals import ANNOUNCED, FROM_THE_START, NOT_REVIEWED, WAITS, WRITTEN, Signals, Waiting
from dataflows.operators.dictionary import Dictionary
from dataflows.operators.segments import Bools, Ints, starts_of, unique_sorted
from dataflows.scores.forgetting import Floats

NO_ROW: Final = -1

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
        self._choice, self._days = choice, days
        self.pairs = Pairs()
        self.domains: Dictionary[str | None] = Dictionary([None])
        self.attempts = Attempts()
        self.curves = Curves.empty(0)
        self.domain: Codes = np.empty(0, np.int32)
        self.model: npt.NDArray[np.int8] = np.empty(0, np.int8)
        self.last_row: Codes = np.empty(0, np.int32)
        self.dirty: Bools = np.empty(0, np.bool_)
        self.waiting = Waiting()
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
        more = len(self.pairs) - len(self.domain)
        if more:
            parts, empty = asdict(self.curves), asdict(Curves.empty(more))
            self.curves = Curves(**{name: np.concatenate([part, empty[name]]) for name, part in parts.items()})
            self.domain = np.concatenate([self.domain, np.zeros(more, np.int32)])
            self.model = np.concatenate([self.model, np.zeros(more, np.int8)])
            self.last_row = np.concatenate([self.last_row, np.full(more, NO_ROW, np.int32)])
            self.dirty = np.concatenate([self.dirty, np.zeros(more, np.bool_)])
            self.waiting.grow(len(self.pairs))

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
        last = self.last_row[pair]
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
        turned = ~work.refold & (work.start.reviews > 0) & (work.model != self.model[pairs])
        if turned.any():
            # A domain that was not known before brings another model: the pair is another curve from its first review.
            work = self._work(pairs, work.refold | turned, rows)
        announced = self._announced(work, rows, changed)
        self._take(work, *self._fold(work), announced)

    def _work(self, pairs: Ints, refold: Bools, new_rows: Ints) -> Work:
        pair = self.attempts.of(new_rows).pair
        onward = new_rows[~refold[np.searchsorted(pairs, pair)]]
        rows = np.concatenate([onward, self.attempts.rows_of(pairs[refold])])
        start = self.curves.take(pairs)
        start.reviews[refold] = 0
        known = np.where(refold, np.int32(0), self.domain[pairs])
        return self._sorted(pairs, refold, rows, start, known)

    def _sorted(self, pairs: Ints, refold: Bools, rows: Ints, start: Curves, known: Codes) -> Work:
        held = self.attempts.of(rows)
        order = by_pair_and_time(held.pair, held)
        rows, held = rows[order], held.take(order)
        slot = np.searchsorted(pairs, held.pair).astype(np.int64)
        reviews = Reviews(slot, held.time_ms, held.score)
        counted = counted_of(reviews, start, self._days)
        domain = _running(counted & (held.domain > 0), held.domain, slot, known)
        last = known.copy()
        last[slot] = domain  # sorted by slot and time: the last write wins
        return Work(pairs, refold, rows, held, reviews, start, counted, domain, self._choice.of(last, self.domains))

    def _fold(self, work: Work) -> tuple[Folded, Curves]:
        models = np.unique(work.model)
        if len(models) == 1:
            return fold(self._choice.model(int(models[0])), work.reviews, work.counted, work.start)
        mine = work.model[work.reviews.slot]
        parts = [
            (code, fold(self._choice.model(int(code)), work.reviews, work.counted & (mine == code), work.start))
            for code in models
        ]
        folded, now = parts[0][1]
        for code, (other, then) in parts[1:]:
            rows, slots = np.flatnonzero(mine == code), np.flatnonzero(work.model == code)
            for name in ("counted", "interval_days", "stability", "difficulty", "before", "due_ms"):
                getattr(folded, name)[rows] = getattr(other, name)[rows]
            now.put(slots, then.take(slots))
        return folded, now

    def _announced(self, work: Work, new_rows: Ints, changed: Ints) -> Signals:
        """Returns the signals of the pairs that are folded anew which were announced before."""
        pairs = work.pairs[work.refold & (work.start.last_ms != 0)]
        dropped = self.waiting.drop(work.pairs[work.refold])
        # Of a review that is told otherwise now, what was announced is not known: it may be announced again.
        pairs = pairs[~np.isin(pairs, changed) & (self.last_row[pairs] != NO_ROW)]
        if not len(pairs):
            return Signals.none()
        rows = np.setdiff1d(self.attempts.rows_of(pairs), new_rows)
        nothing = np.ones(len(pairs), np.bool_)
        then = self._sorted(pairs, nothing, rows, Curves.empty(len(pairs)), np.zeros(len(pairs), np.int32))
        then.model = self.model[pairs]
        signals = _signals(then, self._fold(then)[0])
        is_open = signals.reviewed_ms == NOT_REVIEWED
        waits = np.where(
            is_open, self.waiting.open[signals.pair] == WAITS, _among(signals, dropped.take(~dropped.announced))
        )
        return signals.take(~waits)

    def _take(self, work: Work, folded: Folded, now: Curves, announced: Signals) -> None:
        """Makes a fold's outcome the state, and notes which rows it changes."""
        reviewed = Reviewed(
            work.rows, work.counted, folded.interval_days, folded.stability, folded.difficulty, folded.before
        )
        self._reviewed.append(reviewed)
        self._signal(work, folded, announced)
        slots = np.flatnonzero(work.refold | (now.reviews > work.start.reviews))
        pairs = work.pairs[slots]
        self.curves.put(pairs, now.take(slots))
        self.model[pairs] = work.model[slots]
        counted = np.flatnonzero(work.counted)
        self.last_row[work.pairs[work.refold]] = NO_ROW
        self.domain[work.pairs[work.refold]] = 0
        self.last_row[work.held.pair[counted]] = work.rows[counted]
        self.domain[work.held.pair[counted]] = work.domain[counted]
        self.dirty[pairs] = True

    def _signal(self, work: Work, folded: Folded, announced: Signals) -> None:
        known = work.start.last_ms != 0
        self._close_open(work, folded)
        self.waiting.make_way(
            work.pairs[work.refold & known], np.full(int((work.refold & known).sum()), FROM_THE_START)
        )
        signals = _signals(work, folded)
        was = _among(signals, announced)
        is_open = signals.reviewed_ms == NOT_REVIEWED
        self.waiting.open[work.pairs[work.refold]] = WAITS
        self.waiting.open[signals.pair[is_open]] = np.where(was[is_open], ANNOUNCED, WAITS)
        closed = signals.take(~is_open)
        closed.announced[:] = was[~is_open]
        self.waiting.close(closed)

    def _close_open(self, work: Work, folded: Folded) -> None:
        """Closes, or takes back, the open signals of pairs that are folded on."""
        counted = np.flatnonzero(work.counted)
        slot = work.reviews.slot[counted]
        first = counted[np.append(True, slot[1:] != slot[:-1])[: len(slot)]]
        first = first[~work.refold[work.reviews.slot[first]] & (work.start.reviews[work.reviews.slot[first]] > 0)]
        slot = work.reviews.slot[first]
        pair, at = work.pairs[slot], work.reviews.time_ms[first]
        due = work.start.take(slot).due_ms()
        stands = due < at
        self.waiting.make_way(pair[~stands], due[~stands])
        mine = pair[stands]
        state = self.waiting.open[mine]
        self.waiting.close(
            Signals(
                mine,
                self.last_row[mine].astype(np.int64),
                self.domain[mine],
                due[stands],
                at[stands],
                state != WAITS,
            )
        )

    def due_signals(self, low_ms: int) -> Signals:
        """Returns all signals that the watermark has passed and that are not written, and takes them as written."""
        closed, pairs = self.waiting.due(low_ms, self.curves.due_ms())
        opened = self._open_signals(pairs)
        self.waiting.open[pairs] = WRITTEN
        return Signals.joined([closed, opened])

    def waiting_signals(self) -> Signals:
        """Returns all signals that are not written, whether or not they have fallen due."""
        pairs = np.flatnonzero((self.curves.reviews > 0) & (self.waiting.open < WRITTEN))
        return Signals.joined([self.waiting.closed, self._open_signals(pairs)])

    def _open_signals(self, pairs: Ints) -> Signals:
        return Signals(
            pairs,
            self.last_row[pairs].astype(np.int64),
            self.domain[pairs],
            self.curves.take(pairs).due_ms(),
            np.full(len(pairs), NOT_REVIEWED),
            self.waiting.open[pairs] == ANNOUNCED,
        )

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

    def changed_pairs(self) -> Ints:
        """Returns the pairs whose state changed, and forgets them; those without reviews are no rows."""
        pairs = np.flatnonzero(self.dirty)
        self.dirty[pairs] = False
        return pairs[self.curves.reviews[pairs] > 0]

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
        self._fold_pairs(pairs[self.last_row[pairs] != NO_ROW], pairs, nothing, nothing)
        self.waiting.make_way(pairs, np.full(len(pairs), FROM_THE_START))

    def refold_all(self, announced_ms: int) -> None:
        """Folds everything anew, as after a change of the models; what was due by `announced_ms` is not announced."""
        pairs = np.flatnonzero(self.last_row != NO_ROW)
        if not len(pairs):
            return
        self.waiting.drop(pairs)
        work = self._work(pairs, np.ones(len(pairs), np.bool_), np.empty(0, np.int64))
        folded, now = self._fold(work)
        announced = _signals(work, folded)
        self._take(work, folded, now, announced.take(announced.due_ms <= announced_ms))

    def state(self) -> dict[str, Any]:
        """Returns what a snapshot must hold."""
        return {
            "models": self._choice.key,
            "pairs": self.pairs.state(),
            "domains": list(self.domains.values),
            "attempts": self.attempts.state(),
            "curves": asdict(self.curves),
            "domain": self.domain,
            "model": self.model,
            "last_row": self.last_row,
            "dirty": self.dirty,
            "waiting": self.waiting.state(),
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
        self.curves = Curves(**{name: part.copy() for name, part in state["curves"].items()})
        for name in ("domain", "model", "last_row", "dirty"):
            setattr(self, name, state[name].copy())
        self.waiting.restore(state["waiting"])
        self._reviewed, self._left = list(state["reviewed"]), list(state["left"])
        self._doubtful = list(state["doubtful"])
        if state["models"] != self._choice.key:
            self.refold_all(low_ms)


def _running(known: Bools, domain: Codes, slot: Ints, before: Codes) -> Codes:
    """Returns the last known domain of the slot up to each review; `before` where there is none."""
    if not len(slot):
        return np.empty(0, np.int32)
    at = np.maximum.accumulate(np.where(known, np.arange(len(slot)), -1))
    starts = starts_of(slot)
    begin = np.repeat(starts, np.diff(starts, append=len(slot)))
    return np.where(at >= begin, domain[np.maximum(at, 0)], before[slot])


def _signals(work: Work, folded: Folded) -> Signals:
    """Returns the signal of every counted review that falls due before the next one; the last of a pair is open."""
    at = np.flatnonzero(work.counted)
    slot, time_ms, due_ms = work.reviews.slot[at], work.reviews.time_ms[at], folded.due_ms[at]
    nexts = np.full(len(at), NOT_REVIEWED)
    same = np.flatnonzero(slot[1:] == slot[:-1])
    nexts[same] = time_ms[same + 1]
    stands = (nexts == NOT_REVIEWED) | (due_ms < nexts)
    at = at[stands]
    return Signals(
        work.pairs[slot[stands]],
        work.rows[at],
        work.domain[at],
        due_ms[stands],
        nexts[stands],
        np.zeros(len(at), np.bool_),
    )


def _among(signals: Signals, others: Signals) -> Bools:
    """Returns which signals have the pair and the due time of one of some others; these are few."""
    known = set(zip(others.pair.tolist(), others.due_ms.tolist(), strict=True))
    if not known:
        return np.zeros(len(signals), np.bool_)
    mine = zip(signals.pair.tolist(), signals.due_ms.tolist(), strict=True)
    return np.array([each in known for each in mine], np.bool_)
