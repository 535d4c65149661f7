"""The hours in which events must come: without any, something is broken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_STRETCH: Final = re.compile(r"([A-Z][a-z]{2})(?:-([A-Z][a-z]{2}))? (\d\d:\d\d)-(\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class SchoolHours:
    """Stretches of the week, by the school's own clock.

    Attributes:
        stretches: First and last weekday (0 = Monday), begin (included) and end (excluded) of the hours.
        zone: The school's time zone.

    Example:
        >>> hours = SchoolHours.parse("Mon-Thu 08:00-15:30; Fri 08:00-13:00", "Europe/Berlin")
        >>> [hours.holds(datetime.fromisoformat(at)) for at in ("2026-11-20T11:59Z", "2026-11-20T12:00Z")]
        [True, False]
    """

    stretches: tuple[tuple[int, int, time, time], ...]
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, timezone: str) -> SchoolHours:
        """Reads `Mon-Fri 08:00-15:00`, several with `;` between; empty text means never.

        Raises:
            ValueError: The text is not of that form; the message shows the form.
        """
        return cls(tuple(_stretch(part.strip()) for part in text.split(";") if part.strip()), ZoneInfo(timezone))

    def holds(self, moment: datetime) -> bool:
        """Says whether a moment (with a time zone) lies within the hours."""
        here = moment.astimezone(self.zone)
        return any(
            first <= here.weekday() <= last and begins <= here.time() < ends
            for first, last, begins, ends in self.stretches
        )


def _stretch(text: str) -> tuple[int, int, time, time]:
    found = _STRETCH.fullmatch(text)
    if found is None or {found[1], found[2] or found[1]} - set(DAYS):
        message = f"school hours {text!r} are not like `Mon-Fri 08:00-15:00`"
        raise ValueError(message)
    first, last = DAYS.index(found[1]), DAYS.index(found[2] or found[1])
    begins, ends = time.fromisoformat(found[3]), time.fromisoformat(found[4])
    if first > last or begins >= ends:
        message = f"school hours {text!r} end before they begin; write two stretches with `;` between"
        raise ValueError(message)
    return first, last, begins, ends
