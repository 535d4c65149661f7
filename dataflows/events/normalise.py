"""The one judge of events: a decoded document becomes a canonical event or is rejected with a reason.

Both decoders call `normalise`, so that the live numbers and the archive accept exactly the same events.
The order of the checks is fixed: missing fields, wrong types, the timestamp.
"""

from __future__ import annotations

from typing import Any

from dataflows.events.consents import CONSENTS
from dataflows.events.event import Event
from dataflows.events.ids import canonical_uuid, derived_uuid
from dataflows.events.kinds import KINDS, LEARNING_NAMES, Kind
from dataflows.events.names import is_hidden_ping, type_of
from dataflows.events.parse import json_type
from dataflows.events.rejects import refuse
from dataflows.events.spread import spread
from dataflows.events.text import is_blank, strict_text
from dataflows.events.times import event_ms

_COLUMNS = ("class_id", "grade", "subject_id", "course_id", "chapter_id", "session_id")
_OBJECTS = ("metadata", "context", "payload", "event_data")
_TIME = {
    Kind.CLICKSTREAM: ("timestamp", "event_timestamp"),
    Kind.CHAPTER_VIEW: ("start_time", "chapter_start_time", "timestamp"),
    Kind.LEARNING: ("timestamp", "event_timestamp"),
}

#: A field as the sender spelt it, and its value.
_Field = tuple[str, object]


def normalise(
    document: dict[str, Any], topic: str, key: bytes | None, append_ms: int, *, accepted: bool = False
) -> Event:
    """Returns the canonical event of a document.

    Args:
        document: The decoded JSON object; it is not changed.
        topic: The contract's name of the topic (see `canonical_topic`).
        key: The record's key; takes part in the id of an event that has none.
        append_ms: Append time; the event time of a learning event that has none.
        accepted: Whether it was accepted before (`Records.accepted`).

    Raises:
        RejectedError: With the contract's reason.
    """
    kind = _kind(document, topic)
    rest = dict(document)
    student = _required(rest, "student_id", "user_id")
    name, given_type = _name(rest, kind, topic)
    time = _time(rest, kind, append_ms)
    if kind is Kind.CHAPTER_VIEW and is_blank(rest.get("chapter_id")):
        refuse("missing_field", "chapter_id")

    event_id = _event_id(rest)
    student_id = strict_text(student[1], student[0])
    event_name = strict_text(name[1], name[0])
    event_type = type_of(event_name) if given_type is None else strict_text(given_type[1], given_type[0])
    _check_time(time)
    role = _optional(rest, "role") or "student"
    if kind is Kind.LEARNING and is_blank(rest.get("course_id")):
        rest["course_id"] = _optional(rest, "course")
    columns = {field: _optional(rest, field) if field in rest else None for field in _COLUMNS}
    _check_objects(rest)

    ms = event_ms(time[1], time[0])
    metadata = spread(rest, columns, accepted=accepted)
    return Event(
        event_id=event_id or derived_uuid(topic, key, document),
        event_ms=ms,
        student_id=student_id,
        event_name=event_name,
        event_type=event_type,
        role=role,
        hidden=is_hidden_ping(event_name, event_type, metadata.get("hidden") if metadata else None),
        metadata=metadata,
        **columns,
    )


def _kind(document: dict[str, Any], topic: str) -> Kind:
    """Returns the kind of a document; a consent is spelt as in the clickstream wherever it lies."""
    said = document.get("event_name")
    name = document.get("event_type") if is_blank(said) else said
    return Kind.CLICKSTREAM if name in CONSENTS else KINDS[topic]


def _required(rest: dict[str, Any], *spellings: str) -> _Field:
    """Takes the first spelling that has a value."""
    for field in spellings:
        if not is_blank(rest.get(field)):
            return field, rest.pop(field)
    refuse("missing_field", spellings[0])


def _name(rest: dict[str, Any], kind: Kind, topic: str) -> tuple[_Field, _Field | None]:
    """Takes the name and the type; a type alone is the name."""
    if kind is Kind.CHAPTER_VIEW:
        return ("event_name", "chapter_view"), ("event_type", "page_view")
    if kind is Kind.LEARNING:
        default, event_type = LEARNING_NAMES[topic]
        if is_blank(rest.get("event_name")) and is_blank(rest.get("event_type")):
            return ("event_name", default), ("event_type", event_type)
        return _required(rest, "event_name", "event_type"), ("event_type", event_type)
    name = _required(rest, "event_name", "event_type")
    given = rest.pop("event_type", None)
    return name, None if is_blank(given) else ("event_type", given)


def _time(rest: dict[str, Any], kind: Kind, append_ms: int) -> _Field:
    spellings = _TIME[kind]
    if kind is Kind.LEARNING and all(is_blank(rest.get(field)) for field in spellings):
        return "timestamp", append_ms
    return _required(rest, *spellings)


def _event_id(rest: dict[str, Any]) -> str | None:
    raw = rest.pop("event_id", None)
    if is_blank(raw):
        return None
    event_id = canonical_uuid(strict_text(raw, "event_id"))
    if event_id is None:
        refuse("bad_type", "event_id: not a UUID")
    return event_id


def _optional(rest: dict[str, Any], field: str) -> str | None:
    raw = rest.pop(field, None)
    return None if raw is None or is_blank(raw) else strict_text(raw, field)


def _check_time(time: _Field) -> None:
    field, value = time
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        refuse("bad_type", f"{field}: a time is expected, not {json_type(value)}")


def _check_objects(rest: dict[str, Any]) -> None:
    for field in _OBJECTS:
        value = rest[field] if field in rest else None
        if value is not None and not isinstance(value, dict):
            refuse("bad_type", f"{field}: an object is expected, not {json_type(value)}")
    device = rest.get("device")
    if device is not None and not isinstance(device, dict | str):
        refuse("bad_type", f"device: an object is expected, not {json_type(device)}")
