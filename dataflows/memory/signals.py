"""Timers in event time: a signal for every review that falls due before the next one, once the watermark is there.

The table of signals is a pure function of the reviews and the watermark. What is kept here is only what has not been
written: signals that wait for the watermark or for the next write, and whether the open one of each pair is written.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dataflows.operators.segments import Bools, Ints, found_in

NOT_REVIEWED: Final = -(1 << 62)
FROM_THE_START: Final = -(1 << 62)

#: What has become of a pair's open signal.
WAITS: Final = 0
ANNOUNCED: Final = 1
WRITTEN: Final = 2


@dataclass(frozen=True, slots=True)
class Signals:
    """Signals; arrays have shape (n,).

    Attributes:
        pair: Whose.
        row: The attempt after which it fell due.
        domain: The pair's domain at that time.
        due_ms: When it fell due.
        reviewed_ms: When the next review came; `NOT_REVIEWED` where it is open.
        announced: Whether its recommendation was published before.
    """

    pair: Ints
    row: Ints
    domain: npt.NDArray[np.int32]
    due_ms: Ints
    reviewed_ms: Ints
    announced: Bools

    def take(self, index: Any) -> Signals:  # noqa: ANN401
        """Returns some of the signals."""
        return Signals(*(getattr(self, f.name)[index] for f in fields(Signals)))

    def __len__(self) -> int:
        """How many."""
        return len(self.pair)

    @classmethod
    def none(cls) -> Signals:
        """Returns no signals."""
        none = np.empty(0, np.int64)
        return cls(none, none, np.empty(0, np.int32), none, none, np.empty(0, np.bool_))

    @classmethod
    def joined(cls, parts: list[Signals]) -> Signals:
        """Returns all signals of some parts."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls))) if parts else cls.none()


class Waiting:
    """Closed signals that are not written, the fate of each pair's open one, and what stored signals must make way."""

    def __init__(self) -> None:
        """Starts with nothing."""
        self.closed = Signals.none()
        self._since: list[tuple[Ints, Ints]] = []
        self.open: npt.NDArray[np.int8] = np.empty(0, np.int8)

    def grow(self, pairs: int) -> None:
        """Makes room for pairs."""
        self.open = np.concatenate([self.open, np.zeros(pairs - len(self.open), np.int8)])

    def close(self, signals: Signals) -> None:
        """Takes signals whose next review is known."""
        if len(signals):
            self.closed = Signals.joined([self.closed, signals])

    def make_way(self, pair: Ints, since_ms: Ints) -> None:
        """Notes that stored signals of some pairs, from a time on, may be none any more."""
        if len(pair):
            self._since.append((pair, since_ms))

    def drop(self, pairs: Ints) -> Signals:
        """Returns the closed signals of some pairs (ascending), which are computed anew."""
        gone, _ = found_in(self.closed.pair, pairs)
        dropped, self.closed = self.closed.take(gone), self.closed.take(~gone)
        return dropped

    def due(self, low_ms: int, open_due_ms: Ints) -> tuple[Signals, Ints]:
        """Returns the closed signals that the watermark has passed, and the pairs whose open one it has passed.

        Args:
            low_ms: The lowest watermark.
            open_due_ms: When each pair's next review falls due.
        """
        passed = self.closed.due_ms <= low_ms
        due, self.closed = self.closed.take(passed), self.closed.take(~passed)
        return due, np.flatnonzero((open_due_ms <= low_ms) & (self.open < WRITTEN))

    def stretches(self, low_ms: int) -> tuple[Ints, Ints]:
        """Returns (pair, since) of stored signals that must make way, one a pair, and forgets them.

        A signal that fell due after the watermark cannot have been written: nothing need make way for that.
        """
        if not self._since:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        pair, since = (np.concatenate(part) for part in zip(*self._since, strict=True))
        self._since = []
        pair, since = pair[since <= low_ms], since[since <= low_ms]
        order = np.lexsort((since, pair))
        pair, since = pair[order], since[order]
        first = np.append(True, pair[1:] != pair[:-1])[: len(pair)]
        return pair[first], since[first]

    def state(self) -> tuple[Any, ...]:
        """Returns what a snapshot must hold."""
        return tuple(getattr(self.closed, f.name) for f in fields(Signals)), self._since, self.open

    def restore(self, state: tuple[Any, ...]) -> None:
        """Continues from a snapshot's state."""
        self.closed, self._since, self.open = Signals(*state[0]), list(state[1]), state[2].copy()
