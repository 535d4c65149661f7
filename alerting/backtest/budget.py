"""How often a class in a lesson and a teacher in a week would have been called, against what may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg

from alerting.backtest.messages import Message

A_LESSON: Final = 1
A_WEEK: Final = 5
"""What a rule may send that goes out at once: messages a class and lesson, and a teacher and week."""
OPERATORS: Final = "operators"


@dataclass(frozen=True, slots=True)
class Roster:
    """Who teaches which class when; local times.

    Attributes:
        zone: The school's time zone.
        lessons: Begin and end of lessons by class and weekday (Monday = 1).
        terms: First and last days; without any, every day is one of a term.
        staff: Teachers by class.
    """

    zone: ZoneInfo
    lessons: Mapping[tuple[str, int], list[tuple[time, time]]]
    terms: list[tuple[date, date]]
    staff: Mapping[str, list[str]]

    @classmethod
    def read(cls, connection: psycopg.Connection[Any], timezone: str) -> Roster:
        """Returns what the database knows."""
        lessons: dict[tuple[str, int], list[tuple[time, time]]] = {}
        for class_id, weekday, starts, ends in connection.execute(
            "SELECT class_id, weekday, starts, ends FROM periods ORDER BY starts"
        ).fetchall():
            lessons.setdefault((class_id, weekday), []).append((starts, ends))
        staff: dict[str, list[str]] = {}
        for class_id, staff_id in connection.execute("SELECT class_id, staff_id FROM class_staff ORDER BY 1, 2"):
            staff.setdefault(class_id, []).append(staff_id)
        terms = connection.execute("SELECT starts, ends FROM terms").fetchall()
        return cls(ZoneInfo(timezone), lessons, terms, staff)

    def lesson_at(self, class_id: str, moment: datetime) -> int | None:
        """Returns the number of the lesson that a class has at a moment, from 1; None between lessons."""
        local = moment.astimezone(self.zone)
        lessons = self.lessons.get((class_id, local.isoweekday()), [])
        running = (n for n, (starts, ends) in enumerate(lessons, 1) if starts <= local.time() < ends)
        return next(running, None)

    def count_lessons(self, since: datetime, until: datetime) -> int:
        """Returns how many lessons there were, even if a part of them."""
        begin, end = since.astimezone(self.zone), until.astimezone(self.zone)
        days = [begin.date() + timedelta(days=n) for n in range((end.date() - begin.date()).days + 1)]
        return sum(
            datetime.combine(day, starts, self.zone) < end and datetime.combine(day, ends, self.zone) > begin
            for day in days
            if not self.terms or any(first <= day <= last for first, last in self.terms)
            for (_class_id, weekday), lessons in self.lessons.items()
            if weekday == day.isoweekday()
            for starts, ends in lessons
        )


@dataclass(frozen=True, slots=True)
class Spread:
    """Counts of messages over all classes and lessons, or all teachers and weeks, those without any too."""

    most: int
    p95: int
    mean: float

    @classmethod
    def of(cls, counts: Iterable[int], places: int) -> Spread:
        """Returns the spread of counts over so many places; those not counted had none.

        Example:
            >>> Spread.of([1, 3], 100)
            Spread(most=3, p95=0, mean=0.04)
        """
        found = sorted(counts, reverse=True)
        rank = int(places * 0.05)
        mean = round(sum(found) / places, 4) if places else 0.0
        return cls(found[0] if found else 0, found[rank] if rank < len(found) else 0, mean)


@dataclass(frozen=True, slots=True)
class Budget:
    """How often people would have been called.

    Attributes:
        messages: Messages that call; those that say it is over are not among them.
        over: Those.
        lessons: How many lessons there were.
        a_lesson: Messages a class and lesson.
        teachers: How many people would have been told of some class.
        a_week: Messages a person and week.
        outside: Messages outside any lesson, such as digests, which count for the week alone.
    """

    messages: int
    over: int
    lessons: int
    a_lesson: Spread
    teachers: int
    a_week: Spread
    outside: int

    @property
    def is_kept(self) -> bool:
        """Whether it may go out at once."""
        return self.a_lesson.most <= A_LESSON and self.a_week.most <= A_WEEK


def budget(sent: list[Message], roster: Roster, since: datetime, until: datetime) -> Budget:
    """Returns how often people would have been called; where a class has no staff it counts as having one teacher."""
    calls = [message for message in sent if message.calls]
    a_lesson, a_week, outside = Counter[Any](), Counter[Any](), 0
    for message in calls:
        local = message.at.astimezone(roster.zone)
        lesson = roster.lesson_at(message.class_id, message.at)
        if lesson is None:
            outside += 1
        else:
            a_lesson[message.class_id, local.date(), lesson] += 1
        for person in _reported(message, roster):
            a_week[person, *local.isocalendar()[:2]] += 1
    people = {
        person
        for class_id in {key[0] for key in roster.lessons} | set(roster.staff)
        for person in roster.staff.get(class_id, [class_id])
    }
    people |= {key[0] for key in a_week}
    lessons = roster.count_lessons(since, until)
    weeks = len({(since + timedelta(days=n)).isocalendar()[:2] for n in range(max(1, (until - since).days + 1))})
    return Budget(
        len(calls),
        len(sent) - len(calls),
        lessons,
        Spread.of(a_lesson.values(), max(lessons, len(a_lesson))),
        len(people),
        Spread.of(a_week.values(), len(people) * weeks),
        outside,
    )


def _reported(message: Message, roster: Roster) -> list[str]:
    return roster.staff.get(message.class_id, [message.class_id]) if message.class_id else [OPERATORS]
