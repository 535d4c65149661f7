"""The letter: what is due, the most urgent first, and how not to get another."""

from __future__ import annotations

from datetime import date
from email.message import EmailMessage
from email.utils import format_datetime, localtime, parseaddr
from typing import Final
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from alerting.reminders.due import Item, Reminder

WORD: Final = "unsubscribe"


def letter(reminder: Reminder, day: date, sender: str, unsubscribe: str = "") -> EmailMessage:
    """Returns the message.

    Args:
        reminder: To whom, of what.
        day: The local day, which its id is made of: the same reminder is the same message.
        sender: Whom it is from.
        unsubscribe: Address or URL for those who want no more; the sender's address where empty.
    """
    message = EmailMessage()
    message["Subject"] = f"{_count(reminder.due)} due for review"
    message["From"] = sender
    message["To"] = reminder.email
    message["Date"] = format_datetime(localtime())
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message["Message-ID"] = f"<{uuid5(NAMESPACE_URL, f'{reminder.student_id}/{day}')}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    where = unsubscribe or parseaddr(sender)[1]
    message["List-Unsubscribe"] = f"<{_link(where, reminder.student_id)}>"
    message.set_content("\n".join(_lines(reminder, where)))
    return message


def _lines(reminder: Reminder, where: str) -> list[str]:
    hidden = reminder.due - len(reminder.items)
    stop = f"open {where}" if "://" in where else f'write "{WORD} {reminder.student_id}" to {where}'
    return [
        "Due for review, the most urgent first:",
        "",
        *(f"- {_line(item)}" for item in reminder.items),
        *([f"and {hidden} more"] if hidden else []),
        "",
        "A review now keeps what you know from fading. This comes once a day at most, while something is due.",
        f"To get no more of it, {stop}.",
        "",
    ]


def _line(item: Item) -> str:
    title = " ".join(item.title.split())
    return f"{title}: since {item.since:%A} {item.since.day} {item.since:%B}{', long overdue' if item.urgent else ''}"


def _count(due: int) -> str:
    return "1 module is" if due == 1 else f"{due} modules are"


def _link(where: str, student_id: str) -> str:
    return where if "://" in where else f"mailto:{where}?subject={quote(f'{WORD} {student_id}')}"
