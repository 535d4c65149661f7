"""Settings of the school's clock, checked where they are read: a time zone, the hours of school."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator

from dataflows.school_hours import SchoolHours


def known_zone(text: str) -> str:
    """Returns the name of a time zone.

    Raises:
        ValueError: There is no such zone.

    Example:
        >>> known_zone("Europe/Berlin")
        'Europe/Berlin'
    """
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"{text!r} is no time zone like Europe/Berlin"
        raise ValueError(message) from error
    return text


def _readable(text: str) -> str:
    SchoolHours.parse(text, "UTC")
    return text


ZoneName = Annotated[str, AfterValidator(known_zone)]
HoursText = Annotated[str, AfterValidator(_readable)]
