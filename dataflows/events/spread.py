"""What is left of a document after its required fields: optional columns, and metadata for all the rest.

A column is looked for at the top level, then in `device`, `context`, `payload` and `metadata`, where the first
usable value wins and moves to its column. What does not fit stays in the metadata; only an id that is too long, or a
number that is none, rejects the event: either would be missed without a word.
"""

from __future__ import annotations

from typing import Any

from dataflows.events.agents import agent_of, user_agent_in
from dataflows.events.numbers import read_numbers
from dataflows.events.rules import MAX_TEXT
from dataflows.events.text import id_text, is_blank, lenient_text, tidy

#: A page's address may be long; it is in no key.
_MAX_URL = 65_536

_DEVICE = {"device_type": "type", "os": "os", "browser": "browser"}

#: `grade` is the school year; in a payload it is as a rule somebody's mark.
_LIFTED = (
    "class_id",
    "subject_id",
    "course_id",
    "chapter_id",
    "lesson_id",
    "video_id",
    "assessment_id",
    "session_id",
    "device_type",
    "os",
    "browser",
    "country_code",
    "page_url",
)
_OWN_WORDS = ("device_type", "os", "browser", "country_code", "page_url")
"""Columns that are no ids: what is too long for them stays in the metadata."""

KEPT_IDS = frozenset({"module", "domain"})
"""Ids that have no column and stay in the metadata, as tidy as the others."""

_LENIENT = ("lesson_id", "video_id", "assessment_id", "device_type", "os", "browser", "country_code", "page_url")

#: Never stored, wherever they stand.
_ADDRESSES = ("ip_address", "ip", "client_ip", "remote_addr")

#: Names inside `metadata` that do not stay there.
MOVED = frozenset((*_LIFTED, *_ADDRESSES, "device", "location"))


def spread(rest: dict[str, Any], columns: dict[str, str | None], *, accepted: bool = False) -> dict[str, Any] | None:
    """Fills the optional columns from `rest` and returns the metadata.

    Args:
        rest: The document without its required fields and without the columns that are already known; emptied.
        columns: Columns so far; the optional ones are added.
        accepted: Whether it was accepted before: then what is no number stays what it is, unread.

    Returns:
        The metadata, None where it is empty.
    """
    metadata = _part(rest, "metadata")
    context = _part(rest, "context")
    payload = _part(rest, "payload")
    event_data = _part(rest, "event_data")
    device = rest.pop("device", None)
    for column in _LENIENT:
        columns[column] = _move(rest, column) if column in rest else None
    parts = [part for part in (context, payload, event_data, metadata) if part]
    for part in parts:
        if device is None and isinstance(part.get("device"), dict | str):
            device = part.pop("device")
    leftover_device = _device(device, columns)
    for part in parts:
        _lift(part, columns)
    if context and not columns["grade"]:
        columns["grade"] = _move(context, "grade")
    if leftover_device:
        _keep(metadata, "device", leftover_device, "top")
    for name, part in (("payload", payload), ("event_data", event_data), ("context", context), ("top", rest)):
        for key, value in part.items():
            _keep(metadata, key, value, name)
    for name in _ADDRESSES:
        metadata.pop(name, None)
    for name in KEPT_IDS:
        if isinstance(metadata.get(name), str):
            metadata[name] = (tidy(metadata[name]) if accepted else id_text(metadata[name], name)) or ""
    read_numbers(metadata, strict=not accepted)
    _fill_in(metadata, columns)
    return metadata or None


def _fill_in(metadata: dict[str, Any], columns: dict[str, str | None]) -> None:
    """Takes from a user agent what nothing else says of the device; it is read where it is stored, so again alike."""
    if all(columns[column] for column in _DEVICE):
        return
    user_agent = user_agent_in(metadata)
    if user_agent is not None:
        for column, text in agent_of(user_agent)._asdict().items():
            columns[column] = columns[column] or text


def _part(rest: dict[str, Any], name: str) -> dict[str, Any]:
    part = rest.pop(name, None)
    return dict(part) if part else {}


def _device(device: object, columns: dict[str, str | None]) -> object:
    if isinstance(device, str):
        device = {"type": device}
    if not isinstance(device, dict):
        return None
    left = dict(device)
    for column, name in _DEVICE.items():
        if name in left:
            text = lenient_text(left[name])
            if text is not None:
                columns[column] = text
            if text is not None or is_blank(left[name]):
                del left[name]
    for name in _ADDRESSES:
        left.pop(name, None)
    return left


def _lift(part: dict[str, Any], columns: dict[str, str | None]) -> None:
    for column in _LIFTED:
        if column in part and not columns[column]:
            columns[column] = _move(part, column)
    location = part.get("location")
    if isinstance(location, dict) and not columns["country_code"]:
        columns["country_code"] = lenient_text(location.get("country_code"))


def _move(part: dict[str, Any], column: str) -> str | None:
    """Takes a value out of `part` when it can be the column; leaves it there when not."""
    value = part.get(column)
    if column in _OWN_WORDS:
        text = lenient_text(value, _MAX_URL if column == "page_url" else MAX_TEXT)
    else:
        text = id_text(value, column)
    if text is not None or is_blank(value):
        part.pop(column, None)
    return text


def _keep(metadata: dict[str, Any], key: str, value: object, origin: str) -> None:
    if key not in metadata:
        metadata[key] = value
    elif metadata[key] != value:
        metadata[f"{origin}.{key}"] = value
