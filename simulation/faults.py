"""What goes wrong on the way: late and repeated records, broken events; in chosen shares, and counted."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Final

# late for a one-minute window whatever the second: beyond the rest of the minute, the lateness and half a minute
LATE_MS: Final = (150_000, 600_000)
REPEAT_MS: Final = (50, 5_000)
# an event that claims to be an hour ahead
FUTURE_MS: Final = 3_600_000
_SESSION: Final = re.compile(r'"session_id":"([^"]*)"')
BROKEN: Final = ("not_json", "missing_field", "bad_type", "bad_timestamp", "future")


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares of all events, 0 to 1.

    Attributes:
        late: Arrive 2.5 to 10 minutes after they happened.
        duplicates: Are sent a second time within five seconds.
        fast_clocks: Share of *students* whose clock runs 30 to 290 s ahead.
        broken: Are rejected by the decoder, each reason of `BROKEN` in turn.
    """

    late: float = 0.01
    duplicates: float = 0.01
    fast_clocks: float = 0.005
    broken: float = 0.002


NO_FAULTS: Final = Faults(0, 0, 0, 0)


@dataclass(slots=True)
class Truth:
    """What was really made, for tests to compare with.

    Attributes:
        records: Everything that was yielded.
        names: Events that a decoder accepts, repeats left out, by name.
        late: How many of them arrive late.
        fast: How many of them carry a time that is ahead.
        duplicates: How many records repeat another.
        broken: Rejects by reason.
        beside: Records on other topics than the clickstream's, which `records` leaves out, by topic.
    """

    records: int = 0
    names: Counter[str] = field(default_factory=Counter)
    late: int = 0
    fast: int = 0
    duplicates: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    beside: Counter[str] = field(default_factory=Counter)

    def count(self, name: str, *, late: bool, fast: bool) -> None:
        """Counts a sound event."""
        self.records += 1
        self.names[name] += 1
        self.late += late
        self.fast += fast

    def count_broken(self, reason: str) -> None:
        """Counts an event that will be rejected."""
        self.records += 1
        self.broken[reason] += 1

    def count_repeat(self) -> None:
        """Counts a record that repeats another."""
        self.records += 1
        self.duplicates += 1

    @property
    def accepted(self) -> int:
        """Distinct events that a decoder accepts."""
        return self.names.total()


def broken_value(reason: str, value: str, timestamp: str) -> str:
    """Returns an event spoilt so that it is rejected with `reason`.

    Args:
        reason: One of `BROKEN`.
        value: The sound event.
        timestamp: Its time as it stands there.
    """
    if reason == "not_json":
        return value[: len(value) * 2 // 3]
    if reason == "missing_field":
        return value.replace('"student_id"', '"pupil"', 1)
    if reason == "bad_type":
        return _SESSION.sub(r'"session_id":["\1"]', value, count=1)
    if reason == "bad_timestamp":
        return value.replace(f'"timestamp":{timestamp}', '"timestamp":"yesterday"', 1)
    return value.replace(f'"timestamp":{timestamp}', f'"timestamp":{int(timestamp) + FUTURE_MS}', 1)


def between(rng: Random, span: tuple[int, int]) -> int:
    """Returns a whole number of milliseconds of the span."""
    return span[0] + int(rng.random() * (span[1] - span[0]))
