"""Who acted in a record of the tracking log: the user's number, or the name where no record of it has a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ingest.formats.edx.names import CONCERNS
from ingest.formats.fields import dict_in, text_in

_NOBODY: Final = frozenset({"anonymous", "anonymoususer", "none", "null"})
_STAFF: Final = frozenset({"instructor", "staff", "administrator", "moderator", "limited_staff", "data_researcher"})

Named = dict[str, Any]


class People:
    """Numbers by user name, learnt from the records that have both; a name of two numbers is nobody's."""

    def __init__(self) -> None:
        """Knows nobody yet."""
        self._numbers: dict[str, set[str]] = {}

    def learn(self, record: object) -> None:
        """Learns from a record."""
        fields = dict_in(record)
        name, number = name_in(fields), text_in(dict_in(fields.get("context")).get("user_id"))
        if name and number:
            self._numbers.setdefault(name, set()).add(number)

    def numbers(self) -> dict[str, str]:
        """Returns the number of each name that has one."""
        return {name: next(iter(numbers)) for name, numbers in self._numbers.items() if len(numbers) == 1}


def name_in(record: Named) -> str | None:
    """Returns the user name of a record; None for nobody's."""
    for place in (record, dict_in(record.get("context"))):
        name = text_in(place.get("username"))
        if name and name.lower() not in _NOBODY:
            return name
    return None


def student_in(record: Named, name: str, event: Named, numbers: Mapping[str, str]) -> str | None:
    """Returns the student's id.

    Args:
        record: The record.
        name: What the event is called.
        event: What it says.
        numbers: Numbers by user name.
    """
    concerned = text_in(event.get("user_id"))
    context = dict_in(record.get("context"))
    if concerned and name.startswith(CONCERNS):
        return concerned
    if number := text_in(context.get("user_id")) or text_in(record.get("user_id")):
        return number
    user_name = name_in(record)
    if user_name is None:
        return concerned or _other_name(event, numbers)
    return numbers.get(user_name) or user_name


def _other_name(event: Named, numbers: Mapping[str, str]) -> str | None:
    name = text_in(event.get("username"))
    return numbers.get(name, name) if name and name.lower() not in _NOBODY else None


def role_in(event: Named, name: str) -> str | None:
    """Returns `staff` where a record says that the one who acted teaches the course; None where it says nothing.

    Example:
        >>> role_in({}, "/courses/course-v1:edX+D+R/instructor"), role_in({"user_course_roles": ["Staff"]}, "x")
        ('staff', 'staff')
    """
    if name.startswith("/") and "/instructor" in name:
        return "staff"
    roles = event.get("user_course_roles")
    if isinstance(roles, list) and any(isinstance(role, str) and role.lower() in _STAFF for role in roles):
        return "staff"
    return None
