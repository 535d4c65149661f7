"""One run: each reminder is claimed, sent, noted, at no more than so many a minute."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import psycopg

from alerting.reminders import ledger
from alerting.reminders.due import Reminder
from alerting.reminders.letter import letter
from alerting.reminders.post import NotSentError, Post, RefusedError, ServerGoneError
from cli.progress import Progress

GIVES_UP_AFTER: Final = 3
"""Times in a row that the mail server cannot be reached."""


@dataclass(slots=True)
class Outcome:
    """What became of the reminders.

    Attributes:
        counts: By `sent`, `elsewhere` (another run has it, or the student wants none now), `refused`, `put off`.
        faults: Reasons, with the student.
        stopped: Why the run ended before its end; empty where it did not.
    """

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """What all messages of a run share.

    Attributes:
        sender: Whom they are from.
        unsubscribe: Where to go for no more of them.
        per_minute: How many are sent.
        minutes: How long, at most.
    """

    sender: str
    unsubscribe: str
    per_minute: int
    minutes: float


def send(
    connection: psycopg.Connection[Any], post: Post, reminders: Iterable[Reminder], day: date, rules: Sender
) -> Outcome:
    """Sends what nobody else sends; `connection` commits each statement by itself."""
    found, gone, began = Outcome(), 0, time.monotonic()
    waiting = list(reminders)
    with Progress("reminding", total=len(waiting), unit="students") as progress:
        for count, reminder in enumerate(waiting, 1):
            if time.monotonic() - began > rules.minutes * 60:
                found.stopped = "night begins; the rest is told tomorrow, if it is due still"
                break
            result, reason = _one(connection, post, reminder, day, rules)
            found.counts[result] += 1
            if reason:
                found.faults.append(f"{reminder.student_id}: {reason}")
            gone = gone + 1 if result == "gone" else 0
            if gone == GIVES_UP_AFTER:
                found.stopped = reason
                break
            progress.at(count)
            if result == "sent" and count < len(waiting):
                time.sleep(60 / rules.per_minute)
    return found


def _one(
    connection: psycopg.Connection[Any], post: Post, reminder: Reminder, day: date, rules: Sender
) -> tuple[str, str]:
    student = reminder.student_id
    if not ledger.claim(connection, student, day, reminder.due):
        return "elsewhere", ""
    try:
        post.send(letter(reminder, day, rules.sender, rules.unsubscribe))
    except NotSentError as error:
        ledger.release(connection, student, day)
        return "gone" if isinstance(error, ServerGoneError) else "put off", str(error)
    except RefusedError as error:
        ledger.failed(connection, student, day, str(error))
        return "refused", str(error)
    ledger.sent(connection, student, day)
    return "sent", ""
