"""The ledger: a reminder is claimed before it is sent, so that two runs, or one that dies, tell nobody twice."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import psycopg

KEPT_DAYS: Final = 90


def claim(connection: psycopg.Connection[Any], student_id: str, day: date, items: int) -> bool:
    """Claims a student's reminder of a day; says whether it is ours to send.

    Not where another run has it, nor where the student has meanwhile asked for none.
    """
    return (
        connection.execute(
            "INSERT INTO reminders (student_id, day, items) SELECT %(student)s, %(day)s, %(items)s"
            " WHERE NOT EXISTS (SELECT FROM reminder_opt_outs WHERE student_id = %(student)s) ON CONFLICT DO NOTHING",
            {"student": student_id, "day": day, "items": items},
        ).rowcount
        == 1
    )


def sent(connection: psycopg.Connection[Any], student_id: str, day: date) -> None:
    """Notes that the mail server took it."""
    connection.execute("UPDATE reminders SET sent_at = now() WHERE student_id = %s AND day = %s", (student_id, day))


def failed(connection: psycopg.Connection[Any], student_id: str, day: date, why: str) -> None:
    """Notes why it was not sent, or may not have been; it is not tried again on that day."""
    connection.execute(
        "UPDATE reminders SET failure = %s WHERE student_id = %s AND day = %s", (why[:500], student_id, day)
    )


def release(connection: psycopg.Connection[Any], student_id: str, day: date) -> None:
    """Gives a claim back: it was surely not sent, so the next run may."""
    connection.execute(
        "DELETE FROM reminders WHERE student_id = %s AND day = %s AND sent_at IS NULL", (student_id, day)
    )


def forget(connection: psycopg.Connection[Any], day: date) -> None:
    """Removes what is older than `KEPT_DAYS`."""
    connection.execute("DELETE FROM reminders WHERE day < %s::date - %s::integer", (day, KEPT_DAYS))


def opt_out(connection: psycopg.Connection[Any], student_id: str) -> bool:
    """Notes that a student wants none; says whether that is new."""
    return (
        connection.execute(
            "INSERT INTO reminder_opt_outs (student_id) VALUES (%s) ON CONFLICT DO NOTHING", (student_id,)
        ).rowcount
        == 1
    )


def opt_in(connection: psycopg.Connection[Any], student_id: str) -> bool:
    """Takes that back; says whether there was anything to take back."""
    return connection.execute("DELETE FROM reminder_opt_outs WHERE student_id = %s", (student_id,)).rowcount == 1
