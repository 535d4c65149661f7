"""When nothing is sent, as Alertmanager and Grafana write it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

_DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS: Final = (
    "", "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip


def is_muted(intervals: Iterable[dict[str, Any]], moment: datetime) -> bool:
    """Returns whether one of the intervals holds a moment.

    Example:
        >>> from datetime import UTC
        >>> night = {"times": [{"start_time": "20:00", "end_time": "24:00"}], "location": "Europe/Berlin"}
        >>> [is_muted([night], datetime(2026, 3, 2, hour, 59, tzinfo=UTC)) for hour in (18, 19)]
        [False, True]
    """
    return any(_holds(interval, moment) for interval in intervals)


def _holds(interval: dict[str, Any], moment: datetime) -> bool:
    local = moment.astimezone(ZoneInfo(interval.get("location") or "UTC"))
    queried = (
        ("weekdays", local.isoweekday() % 7, _DAYS),
        ("days_of_month", local.day, ()),
        ("months", local.month, _MONTHS),
        ("years", local.year, ()),
    )
    if any(name in interval and not _among(interval[name], value, names) for name, value, names in queried):
        return False
    clock = local.hour * 60 + local.minute
    return (
        any(_minute(t["start_time"]) <= clock < _minute(t["end_time"]) for t in interval["times"])
        if interval.get("times")
        else True
    )


def _among(ranges: Iterable[str], value: int, names: tuple[str, ...]) -> bool:
    for text in ranges:
        first, _, last = text.partition(":")
        if _number(first, names) <= value <= _number(last or first, names):
            return True
    return False


def _number(text: str, names: tuple[str, ...]) -> int:
    return names.index(text.lower()) if text.lower() in names else int(text)


def _minute(text: str) -> int:
    if text == "24:00":
        return 24 * 60
    at = time.fromisoformat(text)
    return at.hour * 60 + at.minute
