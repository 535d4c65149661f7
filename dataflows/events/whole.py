"""The archive's fast path: an event spelt plainly, with every column, in one typed decode.

The struct knows every field; one that it does not know makes the event not plain, because it belongs into the metadata.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from dataflows.events.agents import agent_of, user_agent_in
from dataflows.events.event import Event
from dataflows.events.names import type_of
from dataflows.events.numbers import NUMBERS
from dataflows.events.plain import PlainEvent, PlainText, decode_each
from dataflows.events.spread import KEPT_IDS, MOVED
from dataflows.events.text import is_too_long

_Url = Annotated[str, Meta(min_length=1)]


class WholeDevice(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """All of `device`."""

    type: PlainText | None = None
    os: PlainText | None = None
    browser: PlainText | None = None


class Whole(PlainEvent, gc=False, forbid_unknown_fields=True):
    """All of one event; after `decode_whole`, `event_type` and `role` are texts and `device` is spread out."""

    lesson_id: PlainText | None = None
    video_id: PlainText | None = None
    assessment_id: PlainText | None = None
    device: WholeDevice | None = None
    metadata: dict[str, Any] | None = None
    event_type: PlainText | None = None
    role: PlainText | None = None
    page_url: _Url | None = None
    device_type: PlainText | None = None
    os: PlainText | None = None
    browser: PlainText | None = None
    country_code: PlainText | None = None
    context: None = None
    payload: None = None
    event_data: None = None


_decoder = msgspec.json.Decoder(Whole)


def decode_whole(values: list[bytes | None]) -> tuple[list[Whole | None], list[int]]:
    """Decodes what is plain; see `decode_plain`."""
    events, odd = decode_each(_decoder, values)
    for row, event in enumerate(events):
        if event is None:
            continue
        if event.metadata and not (MOVED.isdisjoint(event.metadata) and _stays(event.metadata)):
            odd.append(row)
            events[row] = None
            continue
        _complete(event)
    return events, odd


def _stays(metadata: dict[str, Any]) -> bool:
    """Says whether metadata is kept as it is: its numbers are numbers, its ids no longer than ids are."""
    for name, value in metadata.items():
        kind = type(value)
        if kind is str:
            if name in NUMBERS or (name in KEPT_IDS and is_too_long(value)):
                return False
        elif kind is int:
            if not -_HUGE < value < _HUGE and name in NUMBERS:
                return False
        elif kind is not float and value is not None and name in NUMBERS:
            return False
    return True


_HUGE = 1 << 63


def _complete(event: Whole) -> None:
    event.event_id = event.event_id.lower()
    if event.event_type is None:
        event.event_type = type_of(event.event_name)
    if event.role is None:
        event.role = "student"
    device = event.device
    if device is not None:
        event.device_type = device.type or event.device_type
        event.os = device.os or event.os
        event.browser = device.browser or event.browser
    if event.metadata and not (event.device_type and event.os and event.browser):
        _fill_in(event, user_agent_in(event.metadata))


def _fill_in(event: Whole, user_agent: str | None) -> None:
    """Takes from the user agent what nothing else says of the device, as `spread` does."""
    if user_agent is not None:
        found = agent_of(user_agent)
        event.device_type = event.device_type or found.device_type
        event.os = event.os or found.os
        event.browser = event.browser or found.browser


def whole(event: Event) -> Whole:
    """Returns the same fields of a canonical event."""
    return Whole(
        event_id=event.event_id,
        student_id=event.student_id,
        event_name=event.event_name,
        timestamp=event.event_ms,
        session_id=event.session_id,
        class_id=event.class_id,
        grade=event.grade,
        subject_id=event.subject_id,
        course_id=event.course_id,
        chapter_id=event.chapter_id,
        lesson_id=event.lesson_id,
        video_id=event.video_id,
        assessment_id=event.assessment_id,
        metadata=event.metadata,
        event_type=event.event_type,
        role=event.role,
        page_url=event.page_url,
        device_type=event.device_type,
        os=event.os,
        browser=event.browser,
        country_code=event.country_code,
    )
