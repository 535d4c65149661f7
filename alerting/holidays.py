"""Holidays: days of one year or of every year, as settings say them and as Alertmanager and Grafana read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

Interval = dict[str, Any]
"""A stretch of time as Alertmanager and Grafana write it."""

_DAY: Final = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)")
_LEAP: Final = 2000


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days on which nothing is sent, both included; without a year it is every year's.

    Attributes:
        first: Year (or None), month, day.
        last: The same.
    """

    first: tuple[int | None, int, int]
    last: tuple[int | None, int, int]

    @classmethod
    def parse(cls, text: str) -> Holiday:
        """Reads `2026-05-01`, `2026-12-23..2027-01-02`, or either without years.

        Raises:
            ValueError: The text is not of that form, or ends before it begins.
        """
        begins, _, ends = text.partition("..")
        holiday = cls(_day(begins), _day(ends or begins))
        dated = holiday.first[0] is not None
        if dated is not (holiday.last[0] is not None):
            message = f"holiday {text!r} has one year: give two or none"
            raise ValueError(message)
        if (dated or holiday.first[1] == holiday.last[1]) and holiday.last < holiday.first:
            message = f"holiday {text!r} ends before it begins"
            raise ValueError(message)
        return holiday

    def intervals(self) -> list[Interval]:
        """Returns its months one by one; a month's 31 is its last day, whichever that is.

        Example:
            >>> Holiday.parse("2026-12-23..2027-01-02").intervals()[1]
            {'years': ['2027'], 'months': ['1'], 'days_of_month': ['1:2']}
        """
        months = list(self._months())
        return [
            ({"years": [str(year)]} if year is not None else {})
            | {
                "months": [str(month)],
                "days_of_month": [
                    f"{self.first[2] if place == 0 else 1}:{self.last[2] if place == len(months) - 1 else 31}"
                ],
            }
            for place, (year, month) in enumerate(months)
        ]

    def _months(self) -> Iterator[tuple[int | None, int]]:
        year, month, _ = self.first
        while True:
            yield year, month
            if (year, month) == self.last[:2]:
                return
            year, month = (year, month + 1) if month < 12 else (None if year is None else year + 1, 1)

    def holds(self, day: date) -> bool:
        """Says whether a day is one of them.

        Example:
            >>> Holiday.parse("12-23..01-02").holds(date(2030, 1, 2))
            True
        """
        if self.first[0] is not None:
            return self.first <= (day.year, day.month, day.day) <= self.last
        first, here, last = self.first[1:], (day.month, day.day), self.last[1:]
        return first <= here <= last if first <= last else here >= first or here <= last


def holidays(text: str) -> Iterator[Holiday]:
    """Yields the holidays of a list with `;` between.

    Raises:
        ValueError: One of them cannot be read.
    """
    return (Holiday.parse(part.strip()) for part in text.split(";") if part.strip())


def _day(text: str) -> tuple[int | None, int, int]:
    found = _DAY.fullmatch(text)
    if found is None:
        message = f"holiday {text!r} is not like `2026-05-01`, `05-01` or `2026-12-23..2027-01-02`"
        raise ValueError(message)
    year = int(found[1]) if found[1] else None
    date(_LEAP if year is None else year, int(found[2]), int(found[3]))
    return year, int(found[2]), int(found[3])
