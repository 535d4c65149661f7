"""The time texts of Moodle's exports."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from dataflows.kafka.peek import time_ms

_SHORT_TIME = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4}), (\d{1,2}):(\d{2})(?::(\d{2}))?")
_LONG_TIMES = ("%d %B %Y, %I:%M %p", "%A, %d %B %Y, %I:%M %p", "%d %B %Y, %I:%M:%S %p")


def parse_time(text: str, zone: tzinfo) -> int | None:
    """Returns Moodle's time text as epoch milliseconds, or None where there is no such instant.

    Example:
        >>> from datetime import UTC
        >>> parse_time("6/07/20, 02:53", UTC), parse_time("29/02/18, 19:00", UTC)
        (1594003980000, None)
    """
    if match := _SHORT_TIME.fullmatch(text.strip()):
        day, month, year, hour, minute, second = (int(part or 0) for part in match.groups())
        try:
            moment = datetime(year + 2000 if year < 100 else year, month, day, hour, minute, second, tzinfo=zone)
        except ValueError:
            return None
        return time_ms(round(moment.timestamp() * 1000))
    for pattern in _LONG_TIMES:
        try:
            moment = datetime.strptime(text.strip(), pattern).replace(tzinfo=zone)
        except ValueError:
            continue
        return time_ms(round(moment.timestamp() * 1000))
    return None
