"""The little that routing, ordering and refusing must know of a raw event: its time and its student."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

TIME_FIELDS: Final = ("timestamp", "event_time", "start_time")
STUDENT_FIELDS: Final = ("student_id", "user_id")
# 2000-01-01 and 2100-01-01: what lies outside is no event time but a mistake in the unit
MIN_MS: Final = 946_684_800_000
MAX_MS: Final = 4_102_444_800_000


def time_ms(value: object) -> int | None:
    """Returns a timestamp as epoch milliseconds, or None where it is none that the decoders accept.

    Example:
        >>> time_ms("2025-01-26T10:30:00Z"), time_ms(1737887400000), time_ms("29/02/18, 19:00")
        (1737887400000, 1737887400000, None)
    """
    if isinstance(value, str):
        try:
            if value.isdigit():
                value = int(value)
            else:
                moment = datetime.fromisoformat(value)
                value = None if moment.tzinfo is None else round(moment.timestamp() * 1000)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not MIN_MS <= value < MAX_MS:
        return None
    return int(value)


def event_time_ms(event: dict[str, Any]) -> int | None:
    """Returns the event's time, epoch milliseconds, or None where it has none that can be read."""
    for name in TIME_FIELDS:
        if name in event:
            return time_ms(event[name])
    return None


def student_key(event: dict[str, Any]) -> bytes | None:
    """Returns the record key: the student's id as UTF-8, or None where the event names nobody."""
    for name in STUDENT_FIELDS:
        value = event.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value).encode()
    return None


def shift(event: dict[str, Any], shift_ms: int) -> None:
    """Moves every time of the event by `shift_ms`, in place, each in the form that it has; leaves the unreadable."""
    for name in (*TIME_FIELDS, "end_time"):
        value = event.get(name)
        ms = time_ms(value)
        if ms is None:
            continue
        moved = ms + shift_ms
        if isinstance(value, str) and not value.isdigit():
            event[name] = datetime.fromtimestamp(moved / 1000, tz=_UTC).isoformat(timespec="milliseconds")
        else:
            event[name] = str(moved) if isinstance(value, str) else moved


_UTC = datetime.fromisoformat("2000-01-01T00:00:00Z").tzinfo
