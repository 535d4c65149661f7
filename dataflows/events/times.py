"""Event times: every accepted spelling to epoch milliseconds."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import msgspec

from dataflows.events.rejects import refuse
from dataflows.events.rules import EARLIEST_MS, LATEST_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def datetime_ms(moment: datetime) -> int:
    """Returns an aware datetime as whole milliseconds since the epoch, rounded down.

    Example:
        >>> datetime_ms(datetime(2025, 1, 26, 10, 30, tzinfo=UTC))
        1737887400000
    """
    return (moment - _EPOCH) // _MS


def event_ms(value: object, field: str = "timestamp") -> int:
    """Returns the epoch milliseconds of a timestamp as it stands in an event.

    Epoch milliseconds (a number, or digits as text) or ISO 8601 with an offset or `Z`.

    Raises:
        RejectedError: `bad_type` for what is neither number nor text, `bad_timestamp` for what is no time between
            the years 2000 and 2100, or has no offset.

    Example:
        >>> event_ms("2025-01-26T10:30:00Z") == event_ms(1737887400000) == event_ms("1737887400000")
        True
    """
    if isinstance(value, str):
        ms = _from_text(value, field)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        refuse("bad_type", f"{field}: expected epoch milliseconds or ISO 8601 text")
    else:
        ms = math.floor(value)
    if not EARLIEST_MS <= ms < LATEST_MS:
        refuse("bad_timestamp", f"{field}: not a time between the years 2000 and 2100 (epoch ms)")
    return ms


def _from_text(text: str, field: str) -> int:
    if text.isdigit() and text.isascii():
        # longer is no year that counts, and `int` of a hostile length is slow
        return int(text) if len(text) <= 20 else LATEST_MS
    moment = _iso(text)
    if moment is None:
        refuse("bad_timestamp", f"{field}: not ISO 8601: {text[:64]!r}")
    if moment.tzinfo is None:
        refuse("bad_timestamp", f"{field}: no offset: {text[:64]!r} (add Z or +hh:mm)")
    return datetime_ms(moment)


def _iso(text: str) -> datetime | None:
    # msgspec first, as the fast decoder does: the two round the seventh digit of a second differently
    for parse in (_rfc3339, datetime.fromisoformat):
        try:
            return parse(text)
        except (ValueError, msgspec.ValidationError):
            continue
    return None


def _rfc3339(text: str) -> datetime:
    return msgspec.convert(text, datetime)
