"""Who acted in a row of Moodle's log.

The description's first "user with id" is as a rule who acted, and not always: of what Moodle does by itself, of badges
and of attempts that became overdue it is whom it concerns, and of an administrator who is logged in as a student it is
the student. So the column `User full name` has the word, and the descriptions only say which id a name has.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dataflows.events.text import tidy

Row = dict[str, str]

NAME_COLUMN: Final = "user full name"
AFFECTED: Final = "affected user"
SYSTEM_USER: Final = "-1"
NOBODY: Final = "0"
UNKNOWN: Final = "unknown"

_NO_NAME: Final = frozenset({"-", "\u2013", "\u2014"})
_ACTOR: Final = re.compile(r"\s*(?:the )?user with (?:the )?id '(-?\d+)'", re.IGNORECASE)
_USER: Final = re.compile(r"\buser with (?:the )?id '(-?\d+)'", re.IGNORECASE)
# the first user of these is whom it concerns
_CONCERNS: Final = re.compile(
    r"has been (?:awarded|enrolled|graded|unenrolled|assigned|notified)|has had (?:their|his|her)|became overdue"
    r"|completed the course|^\s*(?:login failed|the quiz attempt)",
    re.IGNORECASE,
)
_AS: Final = re.compile(r"(.+?) (?:as|als|en tant que|comme|como|come|som) (.+)")
_GUESTS: Final = frozenset(
    {
        "guest user",
        "guest",
        "gast",
        "gastnutzer/in",
        "gastbenutzer",
        "utilisateur anonyme",
        "visiteur anonyme",
        "invitado",
    }
    | {"usuario invitado", "ospite", "utente ospite", "visitante", "utilizador visitante", "usuário visitante"}
    | {"gastgebruiker", "gastanvändare"}
)
_GUEST: Final = "1"


class Person(NamedTuple):
    """Who acted.

    Attributes:
        student: The id; None where the row does not say it.
        role: `student`, or what makes the row no student's: `system`, `guest`, `staff`.
        remark: Why it is no student's, in words; else empty.
    """

    student: str | None
    role: str = "student"
    remark: str = ""


_MOODLE: Final = Person(SYSTEM_USER, "system", "Moodle's own, not a person's")
_NOT_LOGGED_IN: Final = Person(NOBODY, "guest", "of nobody who was logged in")


class People:
    """Ids by full name, learnt from all rows of a log; a name of two users is nobody's."""

    def __init__(self) -> None:
        """Knows nobody yet."""
        self._sure: dict[str, set[str]] = {}
        self._likely: dict[str, set[str]] = {}

    def learn(self, row: Row) -> None:
        """Learns from a row that names who acted, and says their id."""
        name, description = tidy(row.get(NAME_COLUMN, "")), row.get("description", "")
        if not name or name in _NO_NAME or "user" in row or _AS.fullmatch(name):
            return
        match = _ACTOR.match(description)
        if match is None or _CONCERNS.search(description):
            return
        affected = tidy(row.get(AFFECTED, ""))
        alone = not affected or affected in _NO_NAME or affected == name
        if alone or len(_USER.findall(description)) > 1:
            (self._sure if alone else self._likely).setdefault(name, set()).add(match[1])

    def of(self, row: Row) -> Person:
        """Returns who acted in a row."""
        if "user" in row:
            return _by_id(tidy(row["user"]) or None)
        name, description = tidy(row.get(NAME_COLUMN, "")), row.get("description", "")
        if name in _NO_NAME:
            match = _ACTOR.match(description)
            return _NOT_LOGGED_IN if match and match[1] == NOBODY else _MOODLE
        if another := _AS.fullmatch(name):
            return Person(self._id(another[1]) or UNKNOWN, "staff", "of somebody who was logged in as somebody else")
        person = _by_id(self._id(name) or self._described(row, name, description))
        if name.lower() in _GUESTS or (not name and person.student == _GUEST):
            return Person(person.student or _GUEST, "guest", "of a guest")
        return person

    def _id(self, name: str) -> str | None:
        found = self._sure.get(name) or self._likely.get(name) or set()
        return next(iter(found)) if len(found) == 1 else None

    @staticmethod
    def _described(row: Row, name: str, description: str) -> str | None:
        affected = tidy(row.get(AFFECTED, ""))
        alone = not affected or affected in _NO_NAME or affected == name
        if _CONCERNS.search(description) and not (alone and name):
            return None
        match = _ACTOR.match(description) or (_USER.search(description) if alone else None)
        return match[1] if match else None


def _by_id(student: str | None) -> Person:
    if student == SYSTEM_USER:
        return _MOODLE
    return _NOT_LOGGED_IN if student == NOBODY else Person(student)
