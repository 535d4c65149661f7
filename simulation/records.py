"""What students do, as records on the wire: JSON, ids, and the faults on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from heapq import heappop, heappush
from random import Random

from simulation.behaviour import Visitor
from simulation.faults import BROKEN, LATE_MS, REPEAT_MS, Faults, Truth, between, broken_value

# (arrival in epoch milliseconds, record key, JSON)
Record = tuple[int, bytes, bytes]


class Recorder:
    """Writes events down, spoils the share of them that is asked for, and counts what it did."""

    def __init__(self, start_ms: int, rng: Random, faults: Faults, truth: Truth) -> None:
        """Prepares for a day that starts at `start_ms`, which takes part in every event id."""
        self._start_ms = start_ms
        self._rng = rng
        self._faults = faults
        self._truth = truth
        self._salt = int.from_bytes(hashlib.blake2b(str(start_ms).encode(), digest_size=16).digest(), "big")
        self._repeats: list[tuple[int, int, bytes, bytes]] = []
        self._number = 0

    def record(self, at_ms: int, visitor: Visitor) -> Record:
        """Returns the record of the event that a visitor has just made.

        Args:
            at_ms: When it arrives, milliseconds since the start; unless it is late, that is when it happened.
            visitor: Who made it, where and what.
        """
        rng, faults, truth = self._rng, self._faults, self._truth
        student = visitor.student
        moment = self._start_ms + at_ms
        late = bool(faults.late) and not student.clock_ms and rng.random() < faults.late
        stamp = moment - between(rng, LATE_MS) if late else moment + student.clock_ms
        value = self._json(visitor, stamp)
        if faults.broken and rng.random() < faults.broken:
            reason = BROKEN[truth.broken.total() % len(BROKEN)]
            truth.count_broken(reason)
            return moment, student.key, broken_value(reason, value, str(stamp)).encode()
        truth.count(visitor.name, late=late, fast=student.clock_ms > 0)
        encoded = value.encode()
        if faults.duplicates and rng.random() < faults.duplicates:
            self._number += 1
            heappush(self._repeats, (at_ms + between(rng, REPEAT_MS), self._number, student.key, encoded))
        return moment, student.key, encoded

    def repeats(self, until_ms: int) -> Iterator[Record]:
        """Yields the repeats that arrive up to a time, milliseconds since the start."""
        repeats = self._repeats
        while repeats and repeats[0][0] <= until_ms:
            at_ms, _, key, value = heappop(repeats)
            self._truth.count_repeat()
            yield self._start_ms + at_ms, key, value

    def _json(self, visitor: Visitor, stamp: int) -> str:
        bits = f"{self._rng.getrandbits(128) ^ self._salt:032x}"
        place = f",{visitor.place.place}" if visitor.place else ""
        return (
            f'{{"event_id":"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}",'
            f'"event_name":"{visitor.name}","timestamp":{stamp},{visitor.student.person},'
            f'"session_id":"{visitor.session_id}"{place}{visitor.extra}}}'
        )
