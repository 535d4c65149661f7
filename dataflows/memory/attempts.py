"""Every scored attempt of a task, once: found by its event_id, whatever its time, and by its pair (student, module)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dataflows.operators.dedupe import Ids, mix
from dataflows.operators.segments import Bools, Ints, lengths_of, merge_sorted
from dataflows.scores.forgetting import Floats

NO_PAIR: Final = -1
"""The pair of an attempt that names no module: it is remembered, so that it stands once, and reviews nothing."""

_ROW_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class Scored:
    """Attempts in the order in which they are believed; arrays have shape (n,).

    Attributes:
        time_ms: When, epoch milliseconds.
        hi: Upper half of the event_id.
        lo: Lower half.
        placed: Place in the log (`places.placed`): of two records that tell one attempt, the lower is believed.
        pair: Code of the student and module, or `NO_PAIR`.
        score: 0-100.
        domain: Code of the domain, 0 where none is told.
    """

    time_ms: Ints
    hi: Ids
    lo: Ids
    placed: Ints
    pair: npt.NDArray[np.int32]
    score: Floats
    domain: npt.NDArray[np.int32]

    def take(self, rows: Any) -> Scored:  # noqa: ANN401
        """Returns some of the attempts."""
        return Scored(*(getattr(self, name)[rows] for name in _COLUMNS))

    def __len__(self) -> int:
        """How many attempts."""
        return len(self.time_ms)

    @classmethod
    def none(cls) -> Scored:
        """Returns no attempts."""
        return cls(*(np.empty(0, dtype) for dtype in _DTYPES))


_COLUMNS: Final = ("time_ms", "hi", "lo", "placed", "pair", "score", "domain")
_DTYPES: Final[tuple[Any, ...]] = (np.int64, np.uint64, np.uint64, np.int64, np.int32, np.float64, np.int32)


@dataclass(frozen=True, slots=True)
class Added:
    """What a batch brought.

    Attributes:
        new: Which of the given attempts are believed; the others were told before, or by a topic of lower rank.
        rows: Where these now stand.
        left: Pairs that lost an attempt to another pair or time, or to none, because a topic of lower rank tells it
            otherwise.
    """

    new: Bools
    rows: Ints
    left: Ints


class Attempts:
    """Append-only columns and two sorted indices; a row's number never changes."""

    def __init__(self) -> None:
        """Starts empty."""
        self._size = 0
        self._held = Scored.none()
        self._id: Ids = np.empty(0, np.uint64)
        self._id_row: npt.NDArray[np.int32] = np.empty(0, np.int32)
        self._pair_row: Ints = np.empty(0, np.int64)

    def __len__(self) -> int:
        """How many attempts are held."""
        return self._size

    def of(self, rows: Ints) -> Scored:
        """Returns the attempts in some rows."""
        return self._held.take(rows)

    def add(self, reported: Scored) -> Added:
        """Takes attempts in the order in which they are believed, that of their places in the log."""
        word = mix(reported.hi, reported.lo)
        first = _first_of_each(word, reported)
        known = self._find(word, reported)
        again = first & (known >= 0)
        better = np.zeros(len(reported), np.bool_)
        better[again] = reported.placed[again] < self._held.placed[known[again]]
        fresh = np.flatnonzero(first & (known < 0))
        left = self._overwrite(known[better], reported.take(better)) if better.any() else np.empty(0, np.int64)
        rows = known
        rows[fresh] = self._append(reported.take(fresh), word[fresh])
        new = better.copy()
        new[fresh] = True
        return Added(new, rows[new], left)

    def _append(self, reported: Scored, word: Ids) -> Ints:
        start, self._size = self._size, self._size + len(reported)
        if self._size > len(self._held):
            room = max(self._size, len(self._held) * 3 // 2, 1024) - len(self._held)
            self._held = Scored(
                *(
                    np.concatenate([getattr(self._held, name), np.empty(room, dtype)])
                    for name, dtype in zip(_COLUMNS, _DTYPES, strict=True)
                )
            )
        for name in _COLUMNS:
            getattr(self._held, name)[start : self._size] = getattr(reported, name)
        rows = np.arange(start, self._size, dtype=np.int64)
        order = np.argsort(word, kind="stable")
        at = np.searchsorted(self._id, word[order])
        self._id = np.insert(self._id, at, word[order])
        self._id_row = np.insert(self._id_row, at, rows[order].astype(np.int32))
        self._pair_row = merge_sorted(self._pair_row, np.sort(_pair_row(reported.pair, rows)))
        return rows

    def _overwrite(self, rows: Ints, reported: Scored) -> Ints:
        before, time_ms = self._held.pair[rows].astype(np.int64), self._held.time_ms[rows]
        for name in _COLUMNS:
            getattr(self._held, name)[rows] = getattr(reported, name)
        held = np.flatnonzero(self._held.pair[: self._size] != NO_PAIR)
        self._pair_row = np.sort(_pair_row(self._held.pair[held], held))
        left: Ints = before[((before != reported.pair) | (time_ms != reported.time_ms)) & (before != NO_PAIR)]
        return left

    def _find(self, word: Ids, reported: Scored) -> Ints:
        """Returns the row of each attempt that is held, -1 for the others."""
        found = np.full(len(word), -1, np.int64)
        if not self._size:
            return found
        order = np.argsort(word)
        at = np.empty(len(word), np.int64)
        at[order] = np.searchsorted(self._id, word[order])
        look = np.flatnonzero(at < len(self._id))
        while len(look):
            look = look[self._id[at[look]] == word[look]]
            row = self._id_row[at[look]]
            same = (self._held.hi[row] == reported.hi[look]) & (self._held.lo[row] == reported.lo[look])
            found[look[same]] = row[same]
            # Another identity under the same word: a chance of 1 in 2⁶⁴ a comparison, so a loop costs nothing.
            look = look[~same]
            at[look] += 1
            look = look[at[look] < len(self._id)]
        return found

    def rows_of(self, pairs: Ints) -> Ints:
        """Returns all rows of some pairs, pair by pair."""
        start = np.searchsorted(self._pair_row, pairs.astype(np.int64) << _ROW_BITS)
        end = np.searchsorted(self._pair_row, (pairs.astype(np.int64) + 1) << _ROW_BITS)
        count = end - start
        within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        rows: Ints = self._pair_row[np.repeat(start, count) + within] & ((1 << _ROW_BITS) - 1)
        return rows

    def state(self) -> tuple[Any, ...]:
        """Returns what a snapshot must hold: the columns; the indices are made from them."""
        held = self._held.take(slice(0, self._size))
        return tuple(getattr(held, name) for name in _COLUMNS)

    def restore(self, state: tuple[Any, ...]) -> None:
        """Continues from a snapshot's state."""
        self.__init__()  # type: ignore[misc]
        reported = Scored(*state)
        self._append(reported, mix(reported.hi, reported.lo))


def _pair_row(pair: npt.NDArray[np.int32], rows: Ints) -> Ints:
    mine = pair != NO_PAIR
    packed: Ints = pair[mine].astype(np.int64) << _ROW_BITS | rows[mine]
    return packed


def _first_of_each(word: Ids, reported: Scored) -> Bools:
    """Marks the first attempt of each identity."""
    order = np.argsort(word, kind="stable")
    ordered = word[order]
    first = np.ones(len(word), np.bool_)
    repeats = np.flatnonzero(ordered[1:] == ordered[:-1])
    if not len(repeats):
        return first
    rows = order[np.unique(np.concatenate([repeats, repeats + 1]))]
    seen: set[tuple[int, int]] = set()
    for row in np.sort(rows).tolist():
        identity = (int(reported.hi[row]), int(reported.lo[row]))
        first[row] = identity not in seen
        seen.add(identity)
    return first


def by_pair_and_time(pair: npt.NDArray[Any], held: Scored) -> npt.NDArray[np.intp]:
    """Returns the order of attempts by (pair, time, place in the log)."""
    return np.lexsort((held.placed, held.time_ms, pair))


def places(starts: npt.NDArray[np.intp], total: int) -> Ints:
    """Returns each element's place within its run, counted from 0.

    Example:
        >>> places(np.array([0, 3]), 5).tolist()
        [0, 1, 2, 0, 1]
    """
    return np.arange(total) - np.repeat(starts, lengths_of(starts, total))
