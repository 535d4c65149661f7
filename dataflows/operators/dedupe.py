"""Duplicates by event_id: the lowest offset wins, for as long as the event could still be counted."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dataflows.operators.segments import Bools, Ints

Ids = npt.NDArray[np.uint64]

_ODD_A: Final = np.uint64(0x9E3779B97F4A7C15)
_ODD_B: Final = np.uint64(0xC2B2AE3D27D4EB4F)


def mix(hi: Ids, lo: Ids) -> Ids:
    """Returns one well-spread 64-bit word of an event_id's two halves (multiply-xor; wraps around)."""
    word: Ids = hi * _ODD_A ^ (lo * _ODD_B)
    mixed: Ids = word ^ (word >> np.uint64(29))
    return mixed


class Seen:
    """The event ids that may still come again, as sorted arrays, one a minute of event time.

    A repeat usually carries the same event time, but need not: every open minute is searched. An id is forgotten when
    its minute can no longer be counted; a repeat is judged by the watermark that *it* met, so the batch's size is of
    no consequence.
    """

    def __init__(self, horizon_ms: int) -> None:
        """`horizon_ms`: from the start of a minute until its events are late."""
        self._horizon_ms = horizon_ms
        self._minutes: dict[int, tuple[Ids, Ids, Ids]] = {}

    def first_of(self, hi: Ids, lo: Ids, minute_start_ms: Ints, before: Ints, low_ms: int) -> Bools:  # noqa: PLR0913
        """Marks the records whose event_id was not counted before, and remembers them.

        Args:
            hi: Upper halves of the event ids, shape (n,), in log order.
            lo: Lower halves.
            minute_start_ms: Start of each record's minute in epoch milliseconds.
            before: The watermark that each record met.
            low_ms: The lowest watermark after the batch; minutes that it settles are not remembered.

        Returns:
            Mask, shape (n,): True for the first of its id.
        """
        count = len(hi)
        if not count:
            return np.zeros(0, np.bool_)
        words = mix(hi, lo)
        order = np.argsort(words)
        fresh = np.ones(count, np.bool_)
        self._against_state(words, hi, lo, order, before, fresh)
        self._within_batch(words, hi, lo, order, minute_start_ms, before, fresh)
        self._remember(
            words, hi, lo, order[fresh[order] & (minute_start_ms[order] + self._horizon_ms > low_ms)], minute_start_ms
        )
        return fresh

    def forget(self, low_ms: int) -> None:
        """Drops the minutes that no later record could be counted in."""
        for minute in [m for m in self._minutes if low_ms >= m + self._horizon_ms]:
            del self._minutes[minute]

    def _against_state(  # noqa: PLR0913
        self,
        words: Ids,
        hi: Ids,
        lo: Ids,
        order: Any,  # noqa: ANN401
        before: Ints,
        fresh: Bools,
    ) -> None:
        ordered = words[order]
        for minute, (known, known_hi, known_lo) in self._minutes.items():
            at = np.minimum(np.searchsorted(known, ordered), len(known) - 1)
            hits = np.flatnonzero(known[at] == ordered)
            if len(hits):
                rows, there = order[hits], at[hits]
                same = (known_hi[there] == hi[rows]) & (known_lo[there] == lo[rows])
                fresh[rows[same & (before[rows] < minute + self._horizon_ms)]] = False

    def _within_batch(  # noqa: PLR0913
        self,
        words: Ids,
        hi: Ids,
        lo: Ids,
        order: Any,  # noqa: ANN401
        minute_start_ms: Ints,
        before: Ints,
        fresh: Bools,
    ) -> None:
        ordered = words[order]
        repeats = np.flatnonzero(ordered[1:] == ordered[:-1])
        if not len(repeats):
            return
        rows = order[np.unique(np.concatenate([repeats, repeats + 1]))]
        rows = rows[np.lexsort((rows, words[rows]))]  # runs of equal words, each in log order
        # Repeats are few: a loop over them costs nothing.
        run_word, counted = None, list[int]()
        for row, word in zip(rows.tolist(), words[rows].tolist(), strict=True):
            if word != run_word:
                run_word, counted = word, []
            if not fresh[row]:
                continue
            if any(
                hi[other] == hi[row]
                and lo[other] == lo[row]
                and before[row] < minute_start_ms[other] + self._horizon_ms
                for other in counted
            ):
                fresh[row] = False
            else:
                counted.append(row)

    def _remember(self, words: Ids, hi: Ids, lo: Ids, kept: Any, minute_start_ms: Ints) -> None:  # noqa: ANN401
        minutes = minute_start_ms[kept]
        for minute in np.unique(minutes).tolist():
            rows = kept[minutes == minute]
            new = (words[rows], hi[rows], lo[rows])
            known = self._minutes.get(minute)
            if known is not None:
                at = np.searchsorted(known[0], new[0])
                new = (
                    np.insert(known[0], at, new[0]),
                    np.insert(known[1], at, new[1]),
                    np.insert(known[2], at, new[2]),
                )
            self._minutes[minute] = new

    def state(self) -> dict[int, tuple[Ids, Ids, Ids]]:
        """Returns what a snapshot must hold."""
        return self._minutes

    def restore(self, state: dict[int, tuple[Ids, Ids, Ids]]) -> None:
        """Continues from a snapshot's state."""
        self._minutes = dict(state)
