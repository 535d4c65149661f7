"""What a fold does to signals: those of reviews that another one followed are closed, the last of a pair is open."""

from __future__ import annotations

import numpy as np

from dataflows.memory.fold import Folded
from dataflows.memory.signals import ANNOUNCED, FROM_THE_START, NOT_REVIEWED, WAITS, WRITTEN, Signals, Waiting
from dataflows.memory.standing import Standing
from dataflows.memory.work import Work
from dataflows.operators.segments import Bools, Ints


class FallingDue:
    """The signals of one task's pairs.

    Attributes:
        waiting: What is not written yet.
    """

    def __init__(self, standing: Standing) -> None:
        """Starts without signals; `standing` is where the pairs stand."""
        self._standing = standing
        self.waiting = Waiting()

    def take(self, work: Work, folded: Folded, announced: Signals) -> None:
        """Takes the signals of a fold, before `Standing` takes its outcome.

        Args:
            work: What was folded.
            folded: What came out.
            announced: Signals of the pairs that are folded from their first review on which were announced before.
        """
        self._close_open(work)
        again = work.pairs[work.refold & (work.start.last_ms != 0)]
        self.waiting.make_way(again, np.full(len(again), FROM_THE_START))
        signals = signals_of(work, folded)
        was = among(signals, announced)
        is_open = signals.reviewed_ms == NOT_REVIEWED
        self.waiting.open[work.pairs[work.refold]] = WAITS
        self.waiting.open[signals.pair[is_open]] = np.where(was[is_open], ANNOUNCED, WAITS)
        closed = signals.take(~is_open)
        closed.announced[:] = was[~is_open]
        self.waiting.close(closed)

    def _close_open(self, work: Work) -> None:
        """Closes, or takes back, the open signals of pairs that are folded on."""
        first = work.onward
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
                self._standing.last_row[mine].astype(np.int64),
                self._standing.domain[mine],
                due[stands],
                at[stands],
                state != WAITS,
            )
        )

    def drop_unannounced(self, signals: Signals, pairs: Ints) -> Signals:
        """Returns those of some signals that were announced, and forgets the closed ones of these pairs (ascending)."""
        dropped = self.waiting.drop(pairs)
        is_open = signals.reviewed_ms == NOT_REVIEWED
        waits = np.where(
            is_open, self.waiting.open[signals.pair] == WAITS, among(signals, dropped.take(~dropped.announced))
        )
        return signals.take(~waits)

    def due(self, low_ms: int) -> Signals:
        """Returns all signals that the watermark has passed and that are not written, and takes them as written."""
        closed, pairs = self.waiting.due(low_ms, self._standing.curves.due_ms())
        opened = self._open(pairs)
        self.waiting.open[pairs] = WRITTEN
        return Signals.joined([closed, opened])

    def unwritten(self) -> Signals:
        """Returns all signals that are not written, whether or not they have fallen due."""
        pairs = np.flatnonzero((self._standing.curves.reviews > 0) & (self.waiting.open < WRITTEN))
        return Signals.joined([self.waiting.closed, self._open(pairs)])

    def _open(self, pairs: Ints) -> Signals:
        return Signals(
            pairs,
            self._standing.last_row[pairs].astype(np.int64),
            self._standing.domain[pairs],
            self._standing.curves.take(pairs).due_ms(),
            np.full(len(pairs), NOT_REVIEWED),
            self.waiting.open[pairs] == ANNOUNCED,
        )


def signals_of(work: Work, folded: Folded) -> Signals:
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


def among(signals: Signals, others: Signals) -> Bools:
    """Returns which signals have the pair and the due time of one of some others; these are few."""
    known = set(zip(others.pair.tolist(), others.due_ms.tolist(), strict=True))
    if not known:
        return np.zeros(len(signals), np.bool_)
    mine = zip(signals.pair.tolist(), signals.due_ms.tolist(), strict=True)
    return np.array([each in known for each in mine], np.bool_)
