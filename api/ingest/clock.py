"""Clients' clocks: put right where they are wrong for sure, left alone where only the line may have been slow.

A client says by its clock when each event happened (`timestamp`) and when it sent them (`sent_at`). Between `sent_at`
and the receipt lie the line's delay, which is never negative, and the clock's error, which may be anything:

    received - sent_at = delay - error

Below zero the clock is ahead for certain; above what a line may take (`SLOWEST_MS`) it is behind for certain, and both
times the events move by that difference, so that they are wrong by the line's delay at most. In between either may be
the cause, and nothing moves. How old the events are tells nothing: an offline queue may be two days old with no error.

A client whose requests overtake one another would see its events change their order if each request moved by itself. So
the least difference of a client counts (the one with the least delay), its shift only ever falls, and what was moved
further before holds later events back: `shifted` is the largest of `t + shift` and, for each earlier shift,
`min(t, its last t) + shift`. That never falls where `t` rises, whatever was taken before.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from api.ingest.judging import note
from dataflows.events.rejects import RejectedError
from dataflows.events.text import as_text, is_blank
from dataflows.events.times import event_ms
from dataflows.kafka.peek import event_time_ms, shift

SLOWEST_MS: Final = 30_000
"""How long a line may take."""
MOST_CLIENTS: Final = 50_000
"""Clients whose clocks are remembered: 300 bytes each."""
_MOST_SHIFTS: Final = 16
_JUMPED_MS: Final = 1_000
SHIFTED: Final = "clock_shift_ms"
"""The note in the metadata: by how much the time was moved."""


@dataclass(slots=True)
class Clock:
    """What is known of one client's clock.

    Attributes:
        least_ms: The least difference so far between a receipt and `sent_at`.
        shift_ms: By how much its times move now.
        seen_ms: Its latest time so far, unmoved.
        earlier: Larger shifts of before, each with the latest time that it was used for.
    """

    least_ms: int
    shift_ms: int
    seen_ms: int = 0
    earlier: list[tuple[int, int]] = field(default_factory=list)

    def heard(self, difference_ms: int) -> Clock:
        """Takes the difference between a receipt and `sent_at`; returns the clock to go on with.

        A difference that no line explains is a clock that was set back: another clock, with another error.
        """
        if difference_ms > self.least_ms + SLOWEST_MS:
            return begun(difference_ms)
        self.least_ms = min(self.least_ms, difference_ms)
        wanted = shift_of(self.least_ms)
        if wanted < self.shift_ms and len(self.earlier) < _MOST_SHIFTS:
            self.earlier.append((self.seen_ms, self.shift_ms))
            self.shift_ms = wanted
        return self

    def shifted(self, ms: int) -> int:
        """Returns when something happened that happened at `ms` by this clock."""
        self.seen_ms = max(self.seen_ms, ms)
        return max([ms + self.shift_ms, *(min(ms, last) + by for last, by in self.earlier)])


def begun(difference_ms: int) -> Clock:
    """Returns the clock of a client of which nothing was known."""
    return Clock(difference_ms, shift_of(difference_ms))


def shift_of(difference_ms: int) -> int:
    """Returns by how much times move that were received so long after they were sent by the client's clock.

    Example:
        >>> shift_of(-5_000), shift_of(20_000), shift_of(10_800_000)
        (-5000, 0, 10800000)
    """
    return 0 if 0 <= difference_ms <= SLOWEST_MS else difference_ms


class Clocks:
    """The clocks of the clients of late: a student's session is a client, for a student may have several devices."""

    def __init__(self, most: int = MOST_CLIENTS) -> None:
        """Knows none."""
        self._most = most
        self._clocks: OrderedDict[str, Clock] = OrderedDict()

    def of(self, client: str, difference_ms: int) -> Clock:
        """Returns a client's clock after a request of it."""
        known = self._clocks.pop(client, None)
        clock = begun(difference_ms) if known is None else known.heard(difference_ms)
        self._clocks[client] = clock
        if len(self._clocks) > self._most:
            self._clocks.popitem(last=False)
        return clock

    def change(self, document: dict[str, Any], topic: str, sent_at: object, now_ms: int) -> bool:
        """Moves the times of an event, and takes out what only said how it was sent; says whether anything changed.

        Args:
            document: The event; changed in place.
            topic: Its topic.
            sent_at: What the request says for all its events; an event's own `sent_at` is better.
            now_ms: When the request came.
        """
        own, age = document.pop("sent_at", None), document.pop("age_ms", None)
        changed = own is not None or age is not None
        sent_ms = _time(sent_at if is_blank(own) else own)
        ms = event_time_ms(document, topic)
        if sent_ms is None or ms is None:
            return changed
        by_age = _by_age(sent_ms, age)
        jump = by_age - ms if by_age is not None and abs(by_age - ms) > _JUMPED_MS else 0
        clock = self.of(_client(document), now_ms - sent_ms)
        by = clock.shifted(ms + jump) - ms
        if not by:
            return changed
        shift(document, by)
        note(document, topic, SHIFTED, by)
        return True


def _time(value: object) -> int | None:
    try:
        return None if is_blank(value) else event_ms(value)
    except RejectedError:
        return None


def _by_age(sent_ms: int, age: object) -> int | None:
    """Returns when it happened by the clock at sending, where the client says how long ago by its monotonic clock.

    It differs from the event's own time where the clock was set in between.
    """
    if isinstance(age, bool) or not isinstance(age, int | float) or not 0 <= age < 1e12:
        return None
    return sent_ms - int(age)


def _client(document: dict[str, Any]) -> str:
    student = as_text(document.get("student_id")) or as_text(document.get("user_id")) or ""
    return f"{student}\0{as_text(document.get('session_id')) or ''}"
