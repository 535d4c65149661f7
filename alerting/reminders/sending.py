"""One run: each reminder is claimed, sent, noted, at no more than so many a minute."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import psycopg

from alerting.reminders import ledger
from alerting.reminders.due import Reminder
from alerting.reminders.letter import letter
from alerting.reminders.post import NotSentError, Post, RefusedError, ServerGoneError

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


def send(  # noqa: PLR0913
    connection: psycopg.Connection[Any],
    post: Post,
    reminders: Sequence[Reminder],
    day: date,
    rules: Sender,
    show: Callable[[int], None] = lambda _count: None,
) -> Outcome:
    """Sends what nobody else sends.

    Args:
        connection: It commits each statement by itself.
        post: The mail server.
        reminders: Whom to remind of what.
        day: Today.
        rules: What all messages share.
        show: Called with the number of reminders that are done.
    """
    found, gone, began = Outcome(), 0, time.monotonic()
    for count, reminder in enumerate(reminders, 1):
        if time.monotonic() - began > rules.minutes * 60:
            found.stopped = "night begins; the rest is sent tomorrow, if it is still due"
            break
        result, reason = _one(connection, post, reminder, day, rules)
        found.counts[result] += 1
        if reason:
            found.faults.append(f"{reminder.student_id}: {reason}")
        gone = gone + 1 if result == "gone" else 0
        if gone == GIVES_UP_AFTER:
            found.stopped = reason
            break
        show(count)
        if result == "sent" and count < len(reminders):
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
