"""From a Caliper event to ours."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, Final

from ingest.formats.adapter import Event, Outcome, Refused, Skipped
from ingest.formats.caliper.edx import is_of_edx, name_of_edx
from ingest.formats.caliper.entities import (
    Entity,
    address_of,
    entity,
    person_of,
    role_in,
    term,
    type_of,
    whole_of,
)
from ingest.formats.caliper.names import (
    ANY,
    CHAPTER_TYPES,
    COURSE_TYPES,
    COURSES,
    DESCRIBES,
    NAMES,
    NOT_STUDENTS,
    TEST_TYPES,
    UNSCORED,
    VIDEO_TYPES,
)
from ingest.formats.caliper.said import metadata_of
from ingest.formats.fields import dict_in, id_of, list_in, text_in, time_in, without_nothing
from ingest.formats.graded import graded
from ingest.formats.platform_ids import course_id, edx_block, edx_course, item_id

NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "caliper.classpulse")
_MACHINES: Final = ("SoftwareApplication", "Organization")
_GRADE: Final = "graded"


def envelope_parts(document: object) -> Iterator[tuple[str, object]]:
    """Yields the events and descriptions of envelopes, of arrays, or the one that a document is."""
    if isinstance(document, list):
        for i, each in enumerate(document):
            yield from ((f"[{i}]{'.' * bool(path)}{path}", part) for path, part in envelope_parts(each))
    elif isinstance(document, dict) and "data" in document and "action" not in document:
        yield from ((f"data[{i}]", part) for i, part in enumerate(list_in(document["data"])))
    else:
        yield "", document


def caliper_events(document: object) -> Outcome:
    """Returns the events of one Caliper event.

    Example:
        >>> paused = {
        ...     "id": "urn:uuid:956b4a02-8de0-4991-b8c5-b6eebb6b4cab",
        ...     "type": "MediaEvent",
        ...     "actor": "https://example.edu/users/554433",
        ...     "action": "Paused",
        ...     "object": {"id": "https://example.edu/v/12", "type": "VideoObject", "duration": "PT20M20S"},
        ...     "target": {"type": "MediaLocation", "currentTime": "PT05M21S"},
        ...     "eventTime": "2018-11-15T10:15:00.000Z",
        ... }
        >>> [event] = caliper_events(paused)
        >>> event["student_id"], event["event_name"], event["video_id"], event["metadata"]["position_s"]
        ('554433', 'video_pause', 'https://example.edu/v/12', 321.0)
    """
    if not isinstance(document, dict):
        return Refused("not_json", "", "an event is an object")
    said = entity(document)
    name = _name(said, text_in(said.get("type")), text_in(said.get("action")))
    if not isinstance(name, str):
        return name
    event = _event(document, said, name)
    if "student_id" not in event:
        return Refused("missing_field", "actor.id", "the event says nobody who acts", event)
    if name != _GRADE:
        return [event]
    if "score" not in event.get("metadata", {}):
        return Skipped(UNSCORED)
    return [graded(event)]


def _name(said: Entity, kind: str | None, action: str | None) -> str | Skipped | Refused:
    if kind is None:
        return Refused("missing_field", "type", "the event says no type")
    if action is None and not kind.endswith("Event"):
        return Skipped(DESCRIBES)
    if action is None:
        return Refused("missing_field", "action", "the event says no action")
    return _name_of(said, kind, term(action))


def _name_of(said: Entity, kind: str, action: str) -> str | Skipped:
    if is_of_edx(said) and (special := name_of_edx(said, kind, action)) is not None:
        return special
    if kind == "Event" and type_of(said.get("object")) in {*COURSE_TYPES, "Membership"}:
        name = COURSES.get(action, action)
    else:
        names = NAMES.get(kind, {})
        name = names.get(action, names.get(ANY, action))
    if name.startswith("assignment_") and type_of(said.get("object")) == "Assessment":
        name = name.replace("assignment_", "quiz_")
    if not name or (type_of(said.get("actor")) in _MACHINES and name not in {_GRADE, "session_end"}):
        return Skipped(NOT_STUDENTS)
    return name


def _event(document: dict[str, Any], said: Entity, name: str) -> Event:
    target = entity(said.get("object"))
    whole = whole_of(target)
    course = _course(said, whole)
    session = address_of(said.get("session")) or address_of(said.get("federatedSession"))
    if name == "session_end" and type_of(target) == "Session":
        session = address_of(target)
    is_page = name in {"page_view", "search"}
    address = address_of(target)
    test = name.startswith(("quiz_", "assignment_")) or name == _GRADE
    assessment = _first(whole, TEST_TYPES) or address_of(target.get("assignable")) if test else None
    if test and assessment is None:
        assessment = edx_block(address) or address_of(_assignable(target)) or address
    return without_nothing(
        {
            "event_id": id_of(said.get("id"), document, NAMESPACE),
            "student_id": _student(said, name),
            "role": role_in(said),
            "event_name": name,
            "timestamp": time_in(said.get("eventTime", said.get("startedAtTime"))),
            "session_id": session.rpartition("/")[2].rpartition(":")[2] if session else None,
            "course_id": course,
            "chapter_id": item_id(_first(whole, CHAPTER_TYPES)),
            "video_id": item_id(address) if name.startswith("video_") or type_of(target) in VIDEO_TYPES else None,
            "assessment_id": item_id(assessment),
            "page_url": address if is_page and address and address.startswith("http") else None,
            "metadata": metadata_of(said, name),
        }
    )


def _assignable(target: Entity) -> object:
    return dict_in(target.get("extensions")).get("assignable")


def _student(said: Entity, name: str) -> str | None:
    """Returns whose event it is: of a grade who is graded, of a session its user, of a membership its member."""
    target = entity(said.get("object"))
    if name == _GRADE or (name == "quiz_submit" and "assignee" in target):
        return (
            person_of(target.get("assignee"))
            or person_of(dict_in(target.get("extensions")).get("assignee"))
            or (None if type_of(said.get("actor")) in _MACHINES else person_of(said.get("actor")))
        )
    if name == "session_end" and type_of(said.get("actor")) in _MACHINES:
        return person_of(target.get("user")) or person_of(entity(said.get("session")).get("user"))
    if type_of(target) == "Membership":
        return person_of(target.get("member")) or person_of(said.get("actor"))
    return person_of(said.get("actor"))


def _course(said: Entity, whole: list[Entity]) -> str | None:
    for group in (*whole_of(said.get("group")), *whole):
        address = address_of(group)
        if address and (group.get("type") in COURSE_TYPES or edx_course(address)):
            return course_id(address)
    membership = entity(said.get("membership"))
    return course_id(address_of(membership.get("organization")) or address_of(said.get("group")))


def _first(whole: list[Entity], types: tuple[str, ...]) -> str | None:
    return next((address_of(part) for part in whole if part.get("type") in types), None)
