"""Event times: every accepted spelling to epoch milliseconds."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

import msgspec

from dataflows.events.rejects import refuse
from dataflows.events.rules import EARLIEST_MS, LATEST_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_MIDNIGHT = re.compile(r"([T ])24(:?00(?::?00(?:[.,]0+)?)?)(?=$|[Z+-])", re.ASCII | re.IGNORECASE)
_LEAP = re.compile(r"(:?\d\d:?)60(?=$|[.,Z+-])", re.ASCII | re.IGNORECASE)


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
        >>> event_ms("2016-12-31T23:59:60Z") == event_ms("2016-12-31T24:00:00Z") == event_ms("2017-01-01T00:00:00Z")
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
    for parse in (_rfc3339, datetime.fromisoformat, _end_of_day):
        try:
            return parse(text)
        except (ValueError, OverflowError, msgspec.ValidationError):
            continue
    return None


def _end_of_day(text: str) -> datetime:
    """Reads the two times that ISO 8601 knows and Python does not: 24:00, and the leap second before midnight UTC."""
    if "24" in text and (midnight := _MIDNIGHT.search(text)):
        return (
            datetime.fromisoformat(text[: midnight.start()] + midnight[1] + "00" + text[midnight.end(1) + 2 :]) + _DAY
        )
    if "60" in text and (leap := _LEAP.search(text, len("2016-12-31"))):
        before = datetime.fromisoformat(f"{text[: leap.start()]}{leap[1]}59{text[leap.end() :]}")
        at = before.astimezone(UTC) if before.tzinfo else before
        if (at.hour, at.minute) == (23, 59):
            return before + _SECOND
    raise ValueError(text)


def _rfc3339(text: str) -> datetime:
    return msgspec.convert(text, datetime)
