"""Where a statement belongs: its course, chapter, quiz and video, found in its object and in what that is a part of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ingest.formats.fields import dict_in, list_in, text_in
from ingest.formats.platform_ids import course_id, edx_block, edx_course, item_id
from ingest.formats.xapi.names import kind_of

_RELATIONS: Final = ("parent", "grouping")
_CHAPTERS: Final = frozenset({"lesson", "page", "forum"})
_TESTS: Final = frozenset({"quiz", "assignment"})


class Activity(NamedTuple):
    """An activity: its address and kind."""

    address: str
    kind: str


def activity_in(value: object) -> Activity | None:
    """Returns the activity that an object is; None where it is none."""
    fields = {"id": value} if isinstance(value, str) else dict_in(value)
    address = text_in(fields.get("id"))
    if address is None:
        return None
    kind = kind_of(text_in(dict_in(fields.get("definition")).get("type")))
    if not kind and edx_course(address) and not edx_block(address):
        kind = "course"
    return Activity(address, kind)


def around(statement: dict[str, Any]) -> list[Activity]:
    """Returns what the object is a part of, the nearest first."""
    return list(_around(dict_in(dict_in(statement.get("context")).get("contextActivities"))))


def _around(activities: dict[str, Any]) -> Iterator[Activity]:
    for relation in _RELATIONS:
        for each in list_in(activities.get(relation)):
            if activity := activity_in(each):
                yield activity


def course_of(own: Activity, others: list[Activity]) -> str | None:
    """Returns the course."""
    named = next((each for each in (own, *others) if each.kind == "course"), None)
    if named is not None:
        return course_id(named.address)
    return next((found for each in (own, *others) if (found := edx_course(each.address))), None)


def chapter_of(own: Activity, others: list[Activity]) -> str | None:
    """Returns the chapter: the page or lesson itself, else the nearest one around.

    In Moodle a chapter is an activity of the course (`cm7`), whatever of it is seen.
    """
    items = [item_id(each.address) for each in (own, *others)]
    if module := next((item for item in items if item and item.startswith("cm") and item[2:].isdigit()), None):
        return module
    return next((item_id(each.address) for each in (own, *others) if each.kind in _CHAPTERS), None)


def test_of(own: Activity, others: list[Activity], name: str) -> str | None:
    """Returns the quiz or assignment of an event of one."""
    if not name.startswith(("quiz_", "assignment_")):
        return None
    if own.kind not in _TESTS:
        # a question's quiz, where it has one
        named = next((each for each in others if each.kind in _TESTS), None)
        if named:
            return item_id(named.address)
    item = item_id(own.address)
    parent = next((item_id(each.address) for each in others if each.kind in _TESTS), None)
    return parent if own.kind == "quiz" and parent and _is_attempt(own.address) else item


def _is_attempt(address: str) -> bool:
    """Says whether an address is of one attempt, which is no quiz of its own."""
    return "attempt" in address.lower()
