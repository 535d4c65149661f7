"""Values as other platforms write them: texts, numbers, times and durations, each read or None."""

from __future__ import annotations

import math
import re
import uuid
from typing import Any, Final

import msgspec

from dataflows.events.ids import canonical_uuid
from dataflows.events.rejects import RejectedError
from dataflows.events.text import as_text
from dataflows.events.times import event_ms

_SECONDS_BELOW: Final = 100_000_000_000
"""Smaller numbers are epoch seconds: as milliseconds they would lie before 1973."""
_DURATION: Final = re.compile(
    r"P(?:(?P<years>\d+(?:[.,]\d+)?)Y)?(?:(?P<months>\d+(?:[.,]\d+)?)M)?(?:(?P<weeks>\d+(?:[.,]\d+)?)W)?"
    r"(?:(?P<days>\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:[.,]\d+)?)H)?(?:(?P<minutes>\d+(?:[.,]\d+)?)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?"
)
_UNITS: Final = {
    "years": 31_536_000,
    "months": 2_592_000,
    "weeks": 604_800,
    "days": 86_400,
    "hours": 3600,
    "minutes": 60,
    "seconds": 1,
}


def text_in(value: object) -> str | None:
    """Returns a scalar as text; None where that is nothing.

    Example:
        >>> text_in(" s1 "), text_in(7), text_in(""), text_in(None), text_in({})
        ('s1', '7', None, None, None)
    """
    return as_text(value) or None


def dict_in(value: object) -> dict[str, Any]:
    """Returns an object, an empty one for whatever is none."""
    return value if isinstance(value, dict) else {}


def list_in(value: object) -> list[Any]:
    """Returns a list: of one where there is one, of none where there is nothing."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def number_in(value: object) -> float | None:
    """Returns a finite number, also from its text; `1.25x` is a speed.

    Example:
        >>> number_in("1.25x"), number_in(3), number_in("NaN"), number_in(True), number_in("")
        (1.25, 3.0, None, None, None)
    """
    if isinstance(value, str):
        value = value.strip().removesuffix("x")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def time_in(value: object) -> int | str | None:
    """Returns a time in epoch milliseconds; a text that is none as it is, for the judge to reject; None without one.

    Times without a zone are UTC, as the platforms write them; exports of MongoDB wrap them.

    Example:
        >>> time_in("2020-07-15T06:46:41.543562+00:00"), time_in("2020-07-15 06:46:41.5"), time_in(1594795601)
        (1594795601543, 1594795601500, 1594795601000)
        >>> time_in({"$date": {"$numberLong": "1594795601543"}}), time_in("yesterday"), time_in("")
        (1594795601543, 'yesterday', None)
    """
    while isinstance(value, dict) and len(value) == 1:
        value = value.get("$date", value.get("$numberLong"))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return math.floor(value * 1000 if abs(value) < _SECONDS_BELOW else value) if math.isfinite(value) else None
    text = text_in(value)
    if text is None:
        return None
    for spelt in (text, f"{text}Z"):
        try:
            return event_ms(spelt)
        except RejectedError:
            continue
    return text


def seconds_in(value: object) -> float | None:
    """Returns an ISO 8601 duration, or a number of seconds, in seconds; a year has 365 days, a month 30.

    Example:
        >>> seconds_in("PT3M14.381S"), seconds_in("P1DT0,5H"), seconds_in("P0D"), seconds_in(12), seconds_in("soon")
        (194.381, 88200.0, 0.0, 12.0, None)
    """
    if isinstance(value, str):
        found = _DURATION.fullmatch(value.strip())
        if found is None or not any(found.groups()):
            return number_in(value)
        parts = ((name, text) for name, text in found.groupdict().items() if text)
        return round(sum(float(text.replace(",", ".")) * _UNITS[name] for name, text in parts), 6)
    return number_in(value)


def per_cent(earned: float | None, possible: float | None, lowest: float | None = None) -> float | None:
    """Returns a score on the scale of 0 to 100; None where it is none, or of a scale without length.

    Example:
        >>> per_cent(1, 3), per_cent(0, 0), per_cent(None, 3), per_cent(7, 5), per_cent(3, 5, 1)
        (33.3333, None, None, None, 50.0)
    """
    base = lowest or 0.0
    if earned is None or possible is None or possible <= base:
        return None
    score = round(100 * (earned - base) / (possible - base), 4)
    return score if 0 <= score <= 100 else None


def without_nothing(fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields that say something.

    Example:
        >>> without_nothing({"a": 1, "b": None, "c": "", "d": {}, "e": False})
        {'a': 1, 'e': False}
    """
    return {name: value for name, value in fields.items() if value not in (None, "", {})}


def id_of(given: object, document: object, namespace: uuid.UUID) -> str:
    """Returns an event's id: the UUID in what was given, else one that follows from it, else from the whole document.

    Example:
        >>> id_of("urn:uuid:3A648E68-f00d-4c08-aa59-8738e1884f2c", {}, uuid.NAMESPACE_DNS)
        '3a648e68-f00d-4c08-aa59-8738e1884f2c'
        >>> id_of(None, {"b": 1, "a": 2}, uuid.NAMESPACE_DNS) == id_of("", {"a": 2, "b": 1}, uuid.NAMESPACE_DNS)
        True
    """
    text = text_in(given)
    if text is None:
        canonical = msgspec.json.encode(document, order="sorted")
        return str(uuid.uuid5(namespace, canonical.decode("utf-8", "replace")))
    return canonical_uuid(text.lower().removeprefix("urn:uuid:")) or str(uuid.uuid5(namespace, text))
