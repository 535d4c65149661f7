"""Repeats by event_id: the first record in the log counts, for as long as its id is known, whatever times they give."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dataflows.operators.ordering import order_of
from dataflows.operators.segments import Bools, Ints, starts_of

Ids = npt.NDArray[np.uint64]
State = dict[int, Ids]

HOUR_MS: Final = 3_600_000
_FRESH: Final = 262_144
_ODD_A: Final = np.uint64(0x9E3779B97F4A7C15)
_ODD_B: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_NONE: Final[Ids] = np.empty(0, np.uint64)


def mix(hi: Ids, lo: Ids) -> Ids:
    """Returns one well-spread 64-bit word of an event_id's two halves (multiply-xor; wraps around)."""
    word: Ids = (hi ^ hi >> np.uint64(32)) * _ODD_A ^ (lo ^ lo >> np.uint64(29)) * _ODD_B
    word = (word ^ word >> np.uint64(31)) * _ODD_B
    mixed: Ids = word ^ word >> np.uint64(33)
    return mixed


class Seen:
    """The event ids of a topic-partition that are known, as words of 64 bits, one set an hour of event time.

    An id belongs to the hour of max(event time, watermark) of its first record, and is known until the watermark that
    another record met has passed the end of that hour by `known_ms`: so which records are repeats follows from the log
    alone. In a snapshot it takes 8 bytes, in memory twice that. Two ids share a word by chance once in 2⁶⁴ pairs: of
    ten million a day that is one event lost in three hundred thousand years.

    Example:
        >>> seen, now = Seen(known_ms=2 * HOUR_MS), np.array([0])
        >>> ids = np.array([7], np.uint64)
        >>> [bool(seen.first_of(ids, ids, now, now + met)[0]) for met in (0, HOUR_MS, 3 * HOUR_MS - 1, 3 * HOUR_MS)]
        [True, False, False, True]
    """

    def __init__(self, known_ms: int) -> None:
        """`known_ms`: how long an id is known after the hour of its first record, at least."""
        self._known_ms = known_ms
        self._hours: dict[int, list[Ids]] = {}  # sorted pieces, each less than half as long as the one before it
        self._main, self._fresh = _NONE, _NONE

    def __len__(self) -> int:
        """How many ids are known."""
        return sum(map(len, self.state().values()))

    def first_of(self, hi: Ids, lo: Ids, event_ms: Ints, before: Ints) -> Bools:
        """Marks the records whose event_id is not known, and remembers them.

        Args:
            hi: Upper halves of the event ids, shape (n,), in log order.
            lo: Lower halves.
            event_ms: Event times.
            before: The watermark that each record met.

        Returns:
            Mask, shape (n,): True for the first of its id.
        """
        first = np.ones(len(hi), np.bool_)
        if not len(hi):
            return first
        words = mix(hi, lo)
        order = order_of(words)
        hour = np.maximum(event_ms, before) // HOUR_MS
        self._against_known(words, order, before, first)
        self._within_batch(words, order, hour, before, first)
        self._remember(words, hour, order[first[order]])
        self._forget(int(before[-1]))
        return first

    def _until(self, hour: Any) -> Any:  # noqa: ANN401
        return (hour + 1) * HOUR_MS + self._known_ms

    def _against_known(self, words: Ids, order: npt.NDArray[np.intp], before: Ints, first: Bools) -> None:
        ordered = words[order]
        maybe = order[_among(ordered, self._main) | _among(ordered, self._fresh)]
        if len(maybe):
            for hour, pieces in self._hours.items():
                for known in pieces:
                    first[maybe[_among(words[maybe], known) & (before[maybe] < self._until(hour))]] = False

    def _within_batch(self, words: Ids, order: npt.NDArray[np.intp], hour: Ints, before: Ints, first: Bools) -> None:
        ordered = words[order]
        again = np.flatnonzero(ordered[1:] == ordered[:-1])
        if not len(again):
            return
        rows = np.sort(order[np.unique(np.concatenate([again, again + 1]))])
        until: dict[int, int] = {}
        # Repeats are few: a loop over them costs nothing.
        for row, word in zip(rows.tolist(), words[rows].tolist(), strict=True):
            if first[row]:
                if before[row] < until.get(word, before[row]):
                    first[row] = False
                else:
                    until[word] = int(self._until(hour[row]))

    def _remember(self, words: Ids, hour: Ints, kept: npt.NDArray[np.intp]) -> None:
        """Remembers the records `kept`, which are in the order of their words."""
        new, hours = words[kept], hour[kept]
        first, last = (int(hours.min()), int(hours.max())) if len(hours) else (0, -1)
        for h in [first] if first == last else np.unique(hours).tolist():
            pieces = self._hours.setdefault(h, [])
            piece = new if first == last else new[hours == h]
            pieces.append(piece[starts_of(piece)])
            while len(pieces) > 1 and 2 * len(pieces[-1]) >= len(pieces[-2]):
                pieces[-2:] = [_distinct(np.concatenate(pieces[-2:]))]
        self._fresh = np.sort(np.concatenate([self._fresh, new]), kind="stable")
        if len(self._fresh) > _FRESH:
            self._main, self._fresh = np.sort(np.concatenate([self._main, self._fresh]), kind="stable"), _NONE

    def _forget(self, mark_ms: int) -> None:
        """Drops the hours of which no later record can know."""
        over = [hour for hour in self._hours if mark_ms >= self._until(hour)]
        if over:
            for hour in over:
                del self._hours[hour]
            self._index()

    def _index(self) -> None:
        self._fresh = _NONE
        self._main = np.sort(
            np.concatenate([_NONE, *(piece for pieces in self._hours.values() for piece in pieces)]), kind="stable"
        )

    def state(self) -> State:
        """Returns what a snapshot must hold."""
        for pieces in self._hours.values():
            if len(pieces) > 1:
                pieces[:] = [_distinct(np.concatenate(pieces))]
        return {hour: pieces[0] for hour, pieces in self._hours.items()}

    def restore(self, state: State) -> None:
        """Continues from a snapshot's state."""
        self._hours = {hour: [known] for hour, known in state.items()}
        self._index()


class SeenByTopic:
    """The ids of a task's topics, each for itself: in which turns topics are read is of no consequence."""

    def __init__(self, known_ms: int) -> None:
        """`known_ms`: see `Seen`."""
        self._known_ms = known_ms
        self._topics: dict[str, Seen] = {}

    def of(self, topic: str) -> Seen:
        """Returns what is known of a topic."""
        return self._topics.setdefault(topic, Seen(self._known_ms))

    def state(self) -> dict[str, State]:
        """Returns what a snapshot must hold."""
        return {topic: seen.state() for topic, seen in self._topics.items()}

    def restore(self, state: dict[str, State]) -> None:
        """Continues from a snapshot's ids."""
        self._topics = {}
        for topic, known in state.items():
            self.of(topic).restore(known)


def _distinct(words: Ids) -> Ids:
    ordered = np.sort(words, kind="stable")
    return ordered[starts_of(ordered)]


def _among(words: Ids, known: Ids) -> Bools:
    """Returns which words are among the sorted known ones."""
    if not len(known):
        return np.zeros(len(words), np.bool_)
    found: Bools = known[np.minimum(np.searchsorted(known, words), len(known) - 1)] == words
    return found
