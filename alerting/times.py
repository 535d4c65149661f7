"""When messages wait: nights, days without school, holidays, and digests all day but one window."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Final

from pydantic import field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from alerting.holidays import Interval, holidays
from dataflows.clock_settings import HoursText, ZoneName
from dataflows.school_hours import DAYS, SchoolHours
from dataflows.settings import Settings

NEVER: Final[Interval] = {"years": ["1970"]}  # neither knows an empty list
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN: Final = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")
_OF_ALL: Final = Settings.model_fields


class Times(BaseSettings):
    """When messages are sent, by the clock of `CLASSPULSE_TIMEZONE`; each is read from `CLASSPULSE_<NAME>`.

    Example:
        >>> Times(_env_file=None).digest
        '15:30-16:00'
    """

    model_config = SettingsConfigDict(env_prefix="CLASSPULSE_", env_file=".env", extra="ignore")

    digest: str = "15:30-16:00"
    night: str = "20:00-06:30"
    holidays: str = "12-23..01-02"
    school_hours: HoursText = _OF_ALL["school_hours"].default
    timezone: ZoneName = _OF_ALL["timezone"].default

    @field_validator("digest")
    @classmethod
    def _long_enough(cls, text: str) -> str:
        begins, ends = span(text)
        if ends - begins < 2:
            message = f"digest {text!r}: must begin before it ends, by two minutes at least"
            raise ValueError(message)
        return text

    @field_validator("night")
    @classmethod
    def _night(cls, text: str) -> str:
        if text:
            span(text)
        return text

    @field_validator("holidays")
    @classmethod
    def _days(cls, text: str) -> str:
        list(holidays(text))
        return text

    @property
    def digest_minutes(self) -> int:
        """How long digests are sent."""
        begins, ends = span(self.digest)
        return ends - begins

    def named(self) -> dict[str, list[Interval]]:
        """Returns the times in which something waits, by their names."""
        weekend, days_off = self.weekend(), self.days_off()
        around = _without(*span(self.digest))
        return {
            "nights": self._placed([{"times": self._nightly()}] if self._nightly() else []),
            "weekends": self._placed(weekend),
            "holidays": self._placed(days_off),
            "not-now": self._placed([*([{"times": around}] if around else []), *weekend]),
        }

    def weekend(self) -> list[Interval]:
        """Returns the days without school hours; none where there is school on each, or on none."""
        stretches = SchoolHours.parse(self.school_hours, "UTC").stretches
        school = {day for first, last, *_ in stretches for day in range(first, last + 1)}
        free = [WEEKDAYS[day] for day in range(len(DAYS)) if school and day not in school]
        return [{"weekdays": free}] if free else []

    def days_off(self) -> list[Interval]:
        """Returns the holidays, month by month."""
        return [interval for holiday in holidays(self.holidays) for interval in holiday.intervals()]

    def is_holiday(self, day: date) -> bool:
        """Says whether a local day is a holiday."""
        return any(holiday.holds(day) for holiday in holidays(self.holidays))

    def _nightly(self) -> list[Interval]:
        if not self.night:
            return []
        begins, ends = span(self.night)
        return _without(ends, begins) if begins > ends else [_times(begins, ends)]

    def _placed(self, intervals: list[Interval]) -> list[Interval]:
        return [interval | {"location": self.timezone} for interval in intervals or [NEVER]]


def span(text: str) -> tuple[int, int]:
    """Reads `15:30-16:00` as minutes of the day.

    Raises:
        ValueError: The text is not of that form.
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        message = f"{text!r} is not like `15:30-16:00`"
        raise ValueError(message)
    return _minute(found[1]), _minute(found[2])


def _minute(text: str) -> int:
    if text == "24:00":
        return 24 * 60
    at = time.fromisoformat(text)
    return at.hour * 60 + at.minute


def _without(begins: int, ends: int) -> list[Interval]:
    """Returns the day without a stretch of it."""
    parts = [_times(0, begins), _times(ends, 24 * 60)]
    return [part for part in parts if part["start_time"] != part["end_time"]]


def _times(begins: int, ends: int) -> Interval:
    return {"start_time": _clock(begins), "end_time": _clock(ends)}


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
