"""Windows: which stretches of event time an event of a key belongs to.

A window is declared once, with lengths in seconds, and is aligned with UTC: a window of ten minutes begins at :00, :10
and so on. An event is late when the watermark that it meets is at or past `until_ms` of its time plus the allowed
lateness (`watermark.is_late`); a window is final when the task is settled up to its end plus the allowed lateness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dataflows.operators.segments import Ints

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86_400


def _positive(name: str, seconds: int) -> None:
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 1:
        text = f"{name} must be a whole number of seconds, at least 1, not {seconds!r}"
        raise ValueError(text)


@dataclass(frozen=True, slots=True)
class Tumbling:
    """Windows of one length, one after the other: each event is in exactly one.

    Attributes:
        size_s: The length in seconds.

    Raises:
        ValueError: Where it is not a whole number of seconds, at least 1.

    Example:
        >>> Tumbling(10 * MINUTE).size_ms
        600000
    """

    size_s: int

    def __post_init__(self) -> None:
        """Checks the length."""
        _positive("size_s", self.size_s)

    @property
    def size_ms(self) -> int:
        """The length in milliseconds."""
        return self.size_s * 1000

    @property
    def hop_ms(self) -> int:
        """From the start of a window to the next one's."""
        return self.size_ms

    def until_ms(self, time_ms: Ints) -> Ints:
        """Returns, for events of these times, the end of the first of their windows to end."""
        return (time_ms // self.hop_ms + 1) * self.hop_ms


@dataclass(frozen=True, slots=True)
class Hopping:
    """Windows of one length that begin every `hop_s`: each event is in `size_s / hop_s` of them.

    An event is late for all of its windows at once: when the one that ends first is over.

    Attributes:
        size_s: The length in seconds, a multiple of `hop_s`.
        hop_s: From one start to the next, in seconds.

    Raises:
        ValueError: Where the two do not fit.

    Example:
        >>> Hopping(size_s=10 * MINUTE, hop_s=MINUTE).size_ms
        600000
    """

    size_s: int
    hop_s: int

    def __post_init__(self) -> None:
        """Checks the lengths."""
        _positive("size_s", self.size_s)
        _positive("hop_s", self.hop_s)
        if self.size_s % self.hop_s:
            text = f"size_s ({self.size_s}) must be a multiple of hop_s ({self.hop_s})"
            raise ValueError(text)

    @property
    def size_ms(self) -> int:
        """The length in milliseconds."""
        return self.size_s * 1000

    @property
    def hop_ms(self) -> int:
        """From the start of a window to the next one's."""
        return self.hop_s * 1000

    def until_ms(self, time_ms: Ints) -> Ints:
        """Returns, for events of these times, the end of the first of their windows to end."""
        return (time_ms // self.hop_ms + 1) * self.hop_ms


@dataclass(frozen=True, slots=True)
class Sliding:
    """One window for every instant at which the key has an event: what the `size_s` up to and with it hold.

    An event exactly `size_s` before the instant is outside. An event that comes out of order changes the windows of
    the instants after it. There is a row for each instant: for many events a second take `Hopping`.

    Attributes:
        size_s: The length in seconds.

    Raises:
        ValueError: Where it is not a whole number of seconds, at least 1.
    """

    size_s: int

    def __post_init__(self) -> None:
        """Checks the length."""
        _positive("size_s", self.size_s)

    @property
    def size_ms(self) -> int:
        """The length in milliseconds."""
        return self.size_s * 1000

    def until_ms(self, time_ms: Ints) -> Ints:
        """Returns the ends of the windows that end first: the events' own times."""
        return time_ms


@dataclass(frozen=True, slots=True)
class Session:
    """Activity of a key without a gap of `gap_s` or more: a window begins at its first event and ends at its last.

    An event that comes out of order may join two sessions into one.

    Attributes:
        gap_s: The gap in seconds that separates two sessions.

    Raises:
        ValueError: Where it is not a whole number of seconds, at least 1.
    """

    gap_s: int

    def __post_init__(self) -> None:
        """Checks the gap."""
        _positive("gap_s", self.gap_s)

    @property
    def size_ms(self) -> int:
        """The gap in milliseconds."""
        return self.gap_s * 1000

    def until_ms(self, time_ms: Ints) -> Ints:
        """Returns what decides whether events are late: their own times."""
        return time_ms


Window = Tumbling | Hopping | Sliding | Session

_UNITS: Final = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY}


def seconds_of(text: str) -> int:
    """Returns a length in seconds.

    Raises:
        ValueError: Where the text is no length.

    Example:
        >>> seconds_of("10m"), seconds_of("90s"), seconds_of("1d")
        (600, 90, 86400)
    """
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not number.isdecimal() or not int(number):
        message = f"{text!r} is no length: say for example 90s, 10m, 1h or 1d"
        raise ValueError(message)
    return int(number) * _UNITS[unit]


def parse(text: str) -> Window:
    """Returns the window that a text declares.

    Args:
        text: `tumbling:10m`, `hopping:10m:1m` (length, hop), `sliding:10m` or `session:30m`.

    Raises:
        ValueError: Where it declares none.

    Example:
        >>> parse("tumbling:10m"), parse("hopping:1h:5m")
        (Tumbling(size_s=600), Hopping(size_s=3600, hop_s=300))
    """
    kind, *lengths = text.split(":")
    of_kind: dict[str, tuple[type[Window], int]] = {
        "tumbling": (Tumbling, 1),
        "hopping": (Hopping, 2),
        "sliding": (Sliding, 1),
        "session": (Session, 1),
    }
    if kind not in of_kind or len(lengths) != of_kind[kind][1]:
        message = f"{text!r} is no window: say tumbling:10m, hopping:10m:1m, sliding:10m or session:30m"
        raise ValueError(message)
    make: type[Window] = of_kind[kind][0]
    return make(*map(seconds_of, lengths))
