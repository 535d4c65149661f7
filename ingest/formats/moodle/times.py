"""The time texts of Moodle's exports, in the forms of many languages; which number is the day, the whole file decides.

`04/05/21` is in May or in April. One line of which only one reading is a date decides it for all lines; else how the
numbers are padded does (Moodle takes the zero from a day and leaves it to a month), else the order of the lines, which
an export never mixes. Where nothing decides, nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final, Literal, NamedTuple

from dataflows.events.text import tidy
from dataflows.kafka.peek import time_ms
from ingest.formats import FormatError

DateOrder = Literal["dmy", "mdy", "ymd"]

FORMS: Final = "17/10/21, 12:39 · 10/17/2021 12:39 PM · 2021-10-17 12:39:05 · Sunday, 17 October 2021, 12:39 PM"

# three letters are enough for a month, more where two begin alike
_MONTHS: Final = (
    "jan gen ene sty",
    "feb fev fév lut",
    "mar maa mrt mär",
    "apr avr abr",
    "mai may maj mag mei",
    "jun juin giu juny",
    "jul juil lug",
    "aug aoû aou ago",
    "sep set",
    "oct okt ott out",
    "nov",
    "dec dez dic des déc",
)
_NUMBER_OF_MONTH: Final = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}
_AM: Final = ("am", "a.m.", "a. m.", "a.m", "vorm.", "πμ", "π.μ.", "上午", "午前", "오전", "fm", "de.")
_PM: Final = ("pm", "p.m.", "p. m.", "p.m", "nachm.", "μμ", "μ.μ.", "下午", "午後", "오후", "em", "du.")
_HALF: Final = "|".join(re.escape(word) for word in sorted((*_AM, *_PM), key=len, reverse=True))
_CLOCK: Final = rf"(?:({_HALF})\s*)?(\d{{1,2}})[:.h](\d{{2}})(?:[:.](\d{{2}}))?\s*({_HALF})?"
_LAST: Final = re.compile(rf"(?:^|[\s,t]){_CLOCK}\s*(?:uhr|h)?$")
_FIRST: Final = re.compile(rf"^{_CLOCK}[\s,]+")
_NUMERIC: Final = re.compile(r"(\d{1,4})\s*([./-])\s*(\d{1,2})(?:\s*\2\s*(\d{1,4}))?\.?")
_WORD: Final = re.compile(r"[^\W\d_]+")


class Stamp(NamedTuple):
    """A time text taken apart: the numbers as they lie, or with the month known by its name.

    Attributes:
        numbers: Two or three numbers of a date in digits, as written; of a date with a month's name day and year.
        month: The month by name; 0 where it is one of the numbers.
        point: Whether points part the numbers, which only countries do that begin with the day.
        clock: Hour, minute, second.
    """

    numbers: tuple[str, ...]
    month: int
    point: bool
    clock: tuple[int, int, int]


def stamp_of(text: str) -> Stamp | None:
    """Takes a time text apart; None where it is of no form that is known.

    Example:
        >>> stamp_of("lundi 18 octobre 2021, 12:39"), stamp_of("10/17/21 1:05 PM").clock
        (Stamp(numbers=('18', '2021'), month=10, point=False, clock=(12, 39, 0)), (13, 5, 0))
    """
    plain = _plain(text)
    match = _LAST.search(plain) or _FIRST.match(plain)
    if match is None:
        return None
    clock = _clock(*match.groups())
    date = (plain[: match.start()] + " " + plain[match.end() :]).strip(" ,")
    if clock is None:
        return None
    if found := _NUMERIC.search(date):
        numbers = tuple(number for number in (found[1], found[3], found[4]) if number)
        return Stamp(numbers, 0, found[2] == ".", clock)
    months = {number for word in _WORD.findall(date) if (number := _month(word))}
    numbers = tuple(re.findall(r"\d+", date))
    if len(months) != 1 or not 1 <= len(numbers) <= 2:
        return None
    if len(numbers) == 2 and len(numbers[0]) == 4:
        numbers = numbers[::-1]
    return Stamp(numbers, months.pop(), False, clock)


def _plain(text: str) -> str:
    """Returns a text in small letters, western digits and simple blanks."""
    small = unicodedata.normalize("NFKC", tidy(text)).lower()
    small = "".join(str(unicodedata.digit(mark)) if mark.isdigit() else mark for mark in small)
    return re.sub(r"[\s\u200e\u200f]+", " ", re.sub("[年月년월]", "-", re.sub("[日일]", " ", small)))


def _clock(
    before: str | None, hour: str, minute: str, second: str | None, after: str | None
) -> tuple[int, int, int] | None:
    half, hours = before or after, int(hour)
    if half and hours <= 12:
        hours = hours % 12 + (12 if half in _PM else 0)
    clock = (hours, int(minute), int(second or 0))
    return clock if clock <= (23, 59, 59) and clock[1] < 60 and clock[2] < 60 else None


def _month(word: str) -> int:
    if len(word) >= 3 and word[:3] in {"jui", "giu", "jun", "jul"}:
        return 7 if word.startswith(("juil", "jul")) else 6
    return _NUMBER_OF_MONTH.get(word[:3], 0) if not word.startswith(_WEEKDAYS) else 0


# the weekdays that begin as a month does
_WEEKDAYS: Final = ("mardi", "martes", "marted", "maandag")


def date_of(stamp: Stamp, order: DateOrder, year: int | None = None) -> datetime | None:
    """Returns the local time of a stamp; None where there is no such day."""
    numbers = [int(number) for number in stamp.numbers]
    if stamp.month:
        day, month, years = numbers[0], stamp.month, numbers[1:]
    elif len(stamp.numbers[0]) > 2 or (order == "ymd" and len(numbers) == 3):
        years, month, day = numbers[:1], numbers[1], numbers[2] if len(numbers) > 2 else 0
    else:
        (day, month) = numbers[:2] if order == "dmy" else numbers[1::-1]
        years = numbers[2:]
    of = years[0] if years else year
    if of is None:
        return None
    try:
        return datetime(of + 2000 if of < 100 else of, month, day, *stamp.clock)  # noqa: DTZ001 (the zone is the caller's)
    except ValueError:
        return None


def parse_time(text: str, zone: tzinfo, order: DateOrder = "dmy", year: int | None = None) -> int | None:
    """Returns Moodle's time text as epoch milliseconds, or None where there is no such instant.

    Example:
        >>> from datetime import UTC
        >>> parse_time("6/07/20, 02:53", UTC), parse_time("29/02/18, 19:00", UTC)
        (1594003980000, None)
    """
    stamp = stamp_of(text)
    moment = date_of(stamp, order, year) if stamp else None
    return None if moment is None else time_ms(round(moment.replace(tzinfo=zone).timestamp() * 1000))


@dataclass
class _Reading:
    """What speaks for one order: lines that are dates in it alone, lines padded as it pads, and that it never turns."""

    proof: list[str] = field(default_factory=list)
    padded: int = 0
    last: datetime | None = None
    turns: set[bool] = field(default_factory=set)
    days: set[tuple[int, int, int]] = field(default_factory=set)

    def follow(self, moment: datetime) -> None:
        if self.last is not None and moment != self.last:
            self.turns.add(moment > self.last)
        self.last = moment
        if len(self.days) <= _DAYS_THAT_TELL:
            self.days.add((moment.year, moment.month, moment.day))

    @property
    def sorted(self) -> bool:
        return len(self.turns) < 2


_DAYS_THAT_TELL: Final = 3


class Dates:
    """The evidence of all of a file's lines, and what it decides."""

    def __init__(self, order: DateOrder | None = None, year: int | None = None) -> None:
        """Keeps what is given; it is asked for only where the file does not say it."""
        self._order, self._year = order, year
        self._readings: dict[DateOrder, _Reading] = {"dmy": _Reading(), "mdy": _Reading()}
        self._years: set[int] = set()
        self._yearless = self._read = self._unread = 0
        self._example = self._odd = self._open = ""

    def learn(self, text: str) -> None:
        """Takes a line's time into account."""
        if not text.strip():
            return
        stamp = stamp_of(text)
        if stamp is None:
            self._unread += 1
            self._odd = self._odd or text
            return
        self._read += 1
        known = [int(number) for number in stamp.numbers[-1 if stamp.month or len(stamp.numbers[0]) < 3 else 0 :][:1]]
        if len(stamp.numbers) == (2 if stamp.month else 3):
            self._years.update(n + 2000 if n < 100 else n for n in known if len(self._years) < 3)
        else:
            self._yearless += 1
            self._example = self._example or text
        if not stamp.month and len(stamp.numbers[0]) <= 2:
            self._weigh(text, stamp)

    def _weigh(self, text: str, stamp: Stamp) -> None:
        day_first, month_first = self._readings["dmy"], self._readings["mdy"]
        one, other = (date_of(stamp, order, 2000) for order in ("dmy", "mdy"))
        for reading, moment, opposite in ((day_first, one, other), (month_first, other, one)):
            if moment is not None:
                reading.follow(moment)
                if opposite is None:
                    reading.proof.append(text) if not reading.proof else None
        if stamp.point and not day_first.proof:
            day_first.proof.append(text)
        if one is None or other is None or one == other:
            return
        self._open = self._open or text
        first, second = stamp.numbers[:2]
        day_first.padded += len(first) == 1 and second.startswith("0")
        month_first.padded += first.startswith("0") and len(second) == 1

    def decided(self, name: str) -> tuple[DateOrder, int | None]:
        """Returns the order of the file's dates, and the year of those that have none.

        Raises:
            FormatError: Nothing decides it; the message says which option does.
        """
        if self._unread > self._read:
            message = f"{name}: the time {self._odd!r} is of no form that is read; there are: {FORMS}"
            raise FormatError(message)
        year = self._year or (next(iter(self._years)) if len(self._years) == 1 else None)
        if self._yearless and year is None:
            message = f"{name}: times such as {self._example!r} say no year: give it with --year, such as --year 2021"
            raise FormatError(message)
        return self._order or self._found(name), year

    def _found(self, name: str) -> DateOrder:
        day_first, month_first = self._readings["dmy"], self._readings["mdy"]
        if day_first.proof and month_first.proof:
            message = (
                f"{name}: {day_first.proof[0]!r} has the day first and {month_first.proof[0]!r} the month: these are "
                "two exports. Replay each by itself, or say which holds: --date-order dmy or --date-order mdy"
            )
            raise FormatError(message)
        for chosen, against in (
            (bool(day_first.proof), bool(month_first.proof)),
            (bool(day_first.padded), bool(month_first.padded)),
            (day_first.sorted, month_first.sorted) if len(day_first.days) >= _DAYS_THAT_TELL else (False, False),
        ):
            if chosen != against:
                return "dmy" if chosen else "mdy"
        if not self._open:
            return "dmy"
        message = (
            f"{name}: nothing in the file says whether {self._open!r} begins with the day or with the month: "
            "say it with --date-order dmy or --date-order mdy"
        )
        raise FormatError(message)
