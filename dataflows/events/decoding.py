"""The common course of both decoders: a fast decode, then the judge for whatever is not provably plain.

The two differ only in the struct that the fast decode fills. Whatever that struct lets through is checked here, in
bulk, for what a struct cannot see (ids, times); what fails a check is judged again, alone, for its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from dataflows.batch import Records
from dataflows.events.event import Event
from dataflows.events.ids import split_ids
from dataflows.events.judge import Judge
from dataflows.events.kinds import Kind
from dataflows.events.rejects import Reject
from dataflows.events.rules import EARLIEST_MS, LATEST_MS, Rules
from dataflows.events.times import datetime_ms

#: Records are decoded this many at a time, so that their objects are still in the cache when they are read, and
#: their memory when the next are made: a third less time than the whole batch at once.
CHUNK = 1024


class Decoded(Protocol):
    """What the checks need of a fast decoder's struct."""

    event_id: str
    timestamp: int | datetime


D = TypeVar("D", bound=Decoded)

#: Events, None where one is not plain, and the rows of these.
Fast = Callable[[list[bytes | None]], tuple[list[D | None], list[int]]]


@dataclass(frozen=True, slots=True)
class Chunk(Generic[D]):
    """Accepted events among up to 1,024 records.

    Attributes:
        rows: Their rows in the batch, ascending.
        events: The events.
        high: Upper halves of their ids.
        low: Lower halves.
        times: Event times, epoch milliseconds.
    """

    rows: NDArray[np.intp]
    events: list[D]
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    times: NDArray[np.int64]


class Decoding(Generic[D]):
    """The decoding of one batch."""

    def __init__(
        self,
        records: Records,
        rules: Rules,
        fast: Fast[D],
        convert: Callable[[Event], D],
        kind: Kind = Kind.CLICKSTREAM,
    ) -> None:
        """Prepares to decode `records`.

        Args:
            records: The batch.
            rules: What is allowed.
            fast: The fast decoder.
            convert: Makes the fast decoder's struct from an event that was judged.
            kind: The kind of events that the fast decoder knows; all others are judged.
        """
        self._records = records
        self._judge = Judge(records, rules)
        self._fast = fast if self._judge.kind is kind else _nothing_is_plain
        self._convert = convert
        self._max_future_ms = LATEST_MS if records.accepted else rules.max_future_ms
        self._max_age_ms = LATEST_MS if records.accepted else rules.max_age_ms or LATEST_MS
        self._replayed = np.array(records.replayed, dtype=np.bool_)
        self._rejects: list[Reject] = []
        self.append_ms = np.array(records.append_ms, dtype=np.int64)
        self.offsets = np.array(records.offsets, dtype=np.int64)

    @property
    def rejects(self) -> list[Reject]:
        """The rejects so far, in log order."""
        return sorted(self._rejects, key=lambda reject: reject.offset)

    def chunks(self) -> Iterator[Chunk[D]]:
        """Yields the accepted events in log order."""
        for start in range(0, len(self._records.values), CHUNK):
            yield self._chunk(start)

    def _chunk(self, start: int) -> Chunk[D]:
        events, odd = self._fast(self._records.values[start : start + CHUNK])
        self._settle(events, odd, start)
        chunk, wrong = self._checked(events, start, whole=not odd)
        if wrong:
            self._settle(events, wrong, start)
            chunk, _ = self._checked(events, start, whole=False)
        return chunk

    def _settle(self, events: list[D | None], odd: list[int], start: int) -> None:
        """Puts the events among the odd rows into their places; ticks and rejects are None."""
        ticks = self._records.ticks
        for row in odd:
            events[row] = None
            if ticks and ticks[start + row] is not None:
                continue
            verdict = self._judge.event(start + row)
            if isinstance(verdict, Reject):
                self._rejects.append(verdict)
            else:
                events[row] = self._convert(verdict)

    def _checked(self, events: list[D | None], start: int, *, whole: bool) -> tuple[Chunk[D], list[int]]:
        """Returns the events without the gaps, and the rows that fail a check; `whole` says there are no gaps."""
        if whole:
            kept, places = cast("list[D]", events), np.arange(len(events), dtype=np.intp)
        else:
            kept = [event for event in events if event is not None]
            places = np.array([row for row, event in enumerate(events) if event is not None], dtype=np.intp)
        rows = places + start
        high, low, valid = split_ids([event.event_id for event in kept])
        times = _times([event.timestamp for event in kept])
        ahead = times - self.append_ms[rows]
        wrong_time = (ahead > self._max_future_ms) | (times < EARLIEST_MS) | (times >= LATEST_MS)
        old = -ahead > self._max_age_ms
        if old.any():
            wrong_time |= old & ~self._replayed[rows] if self._replayed.size else old
        wrong = places[~valid | wrong_time]
        return Chunk(rows, kept, high, low, times), wrong.tolist()


def _nothing_is_plain(values: list[bytes | None]) -> tuple[list[D | None], list[int]]:
    return [None] * len(values), list(range(len(values)))


def _times(times: list[int | datetime]) -> NDArray[np.int64]:
    try:
        return np.array(times, dtype=np.int64)
    except TypeError:
        return np.array([t if isinstance(t, int) else datetime_ms(t) for t in times], dtype=np.int64)
