"""Values as people read them, by the units of the panels."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

NOTHING: Final = "–"


def said(value: Any, unit: str, zone: ZoneInfo) -> str:
    """Returns a value as it is printed.

    Example:
        >>> said(0.3333, "percentunit", ZoneInfo("UTC")), said(5400, "dthms", ZoneInfo("UTC"))
        ('33 %', '1 h 30 min')
        >>> said(None, "", ZoneInfo("UTC")), said(1234, "locale", ZoneInfo("UTC"))
        ('–', '1,234')
    """
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):{'%-d %b' if unit.startswith('time:') else '%-d %b %H:%M'}}"
    if isinstance(value, str):
        return value
    return number(float(value), unit)


def number(value: float, unit: str) -> str:
    """Returns a number in its unit.

    Example:
        >>> number(48.25, "none"), number(48, "percent")
        ('48.2', '48 %')
    """
    if unit in {"percentunit", "percent"}:
        return f"{value * (100 if unit == 'percentunit' else 1):.0f} %"
    if unit in {"dthms", "dtdurations", "s"}:
        return duration(value)
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.1f}"


def duration(seconds: float) -> str:
    """Returns a duration in its two largest units.

    Example:
        >>> duration(59), duration(3600)
        ('59 s', '1 h 0 min')
    """
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
