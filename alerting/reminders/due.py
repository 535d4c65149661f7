"""Who is to be reminded of what, and whether today is a day for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from itertools import groupby
from typing import Any, Final

import psycopg

from alerting.times import Times, span

MOST_ITEMS: Final = 5
_DAY_MIN: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Item:
    """A module that is due for review.

    Attributes:
        title: What it is called.
        since: The local day on which it fell due.
        urgent: Twice its interval has passed.
    """

    title: str
    since: date
    urgent: bool


@dataclass(frozen=True, slots=True)
class Reminder:
    """One message.

    Attributes:
        student_id: To whom.
        email: Where.
        items: The most urgent ones first, `MOST_ITEMS` at most.
        due: How many there are in all.
    """

    student_id: str
    email: str
    items: tuple[Item, ...]
    due: int


@dataclass(frozen=True, slots=True)
class Day:
    """Now, where the school is."""

    day: date
    at: time
    in_term: bool

    def against(self, times: Times) -> str:
        """Returns why nothing is sent now; empty where something may be."""
        if not self.in_term:
            return f"{self.day} is outside every term"
        if times.is_holiday(self.day):
            return f"{self.day} is a holiday"
        return f"it is {self.at:%H:%M}, which is night" if self.minutes_to_night(times) == 0 else ""

    def minutes_to_night(self, times: Times) -> int:
        """Returns how long messages may be sent; 0 at night."""
        if not times.night:
            return _DAY_MIN
        begins, ends = span(times.night)
        now = self.at.hour * 60 + self.at.minute
        if (now - begins) % _DAY_MIN < (ends - begins) % _DAY_MIN:
            return 0
        return (begins - now) % _DAY_MIN or _DAY_MIN


def today(connection: psycopg.Connection[Any]) -> Day:
    """Returns what day and time it is by the database's clock."""
    row = connection.execute("SELECT day, at, in_term FROM reminder_day").fetchone()
    assert row  # noqa: S101 - the view has one row
    return Day(*row)


def due(connection: psycopg.Connection[Any], day: date) -> list[Reminder]:
    """Returns a reminder for each student who is due for one and was not told today, in a stable order."""
    rows = connection.execute(
        "SELECT student_id, email, due, title, local_day(scheduled_at), urgency_level = 'high' FROM due_reminders d"
        " WHERE place <= %s AND NOT EXISTS (SELECT FROM reminders r WHERE r.student_id = d.student_id AND r.day = %s)"
        " ORDER BY student_id, place",
        (MOST_ITEMS, day),
    ).fetchall()
    return [
        Reminder(student_id, email, tuple(Item(*row[3:]) for row in members), count)
        for (student_id, email, count), members in groupby(rows, key=lambda row: row[:3])
    ]
