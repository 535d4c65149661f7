"""The fast path: an event spelt plainly decodes into a typed struct, anything else raises and is normalised.

The struct names only what `engagement` needs. What it accepts, `normalise` must accept with the same values
(a differential test holds the two together), so every field here that could reject or change an event is either
typed strictly or, where its mere presence matters, typed `None`.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from dataflows.events.agents import agent_of
from dataflows.events.event import Event, seconds
from dataflows.events.rules import EARLIEST_MS, LATEST_MS, MAX_TEXT

#: A skipped part of a longer document might be nested deeper than `MAX_DEPTH`.
MAX_PLAIN_BYTES = 1024

PlainText = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
PlainUuid = Annotated[str, Meta(min_length=36, max_length=36)]
PlainTime = Annotated[int, Meta(ge=EARLIEST_MS, lt=LATEST_MS)] | Annotated[datetime, Meta(tz=True)]


class PlainDevice(msgspec.Struct, gc=False):
    """The parts of `device` that are counted, and those that may fill them."""

    type: PlainText | None = None
    browser: PlainText | None = None
    user_agent: None = None
    userAgent: None = None


class PlainMetadata(msgspec.Struct, gc=False):
    """The parts of `metadata` that are counted (NaN where absent), and those whose presence moves a column."""

    hidden: bool | None = None
    position_s: float | None = math.nan
    video_duration_s: float | None = math.nan
    playback_rate: float | None = math.nan
    class_id: None = None
    subject_id: None = None
    course_id: None = None
    chapter_id: None = None
    session_id: None = None
    device: None = None
    device_type: None = None
    browser: None = None
    user_agent: None = None
    userAgent: None = None


NO_DEVICE = PlainDevice()
NO_METADATA = PlainMetadata()


class Plain(msgspec.Struct, gc=False):
    """What the engagement flow needs of one event; the usual order of fields is found fastest."""

    event_id: PlainUuid
    student_id: PlainText
    event_name: PlainText
    timestamp: PlainTime
    session_id: PlainText | None = None
    class_id: PlainText | None = None
    grade: PlainText | None = None
    subject_id: PlainText | None = None
    course_id: PlainText | None = None
    chapter_id: PlainText | None = None
    device: PlainDevice | None = None
    metadata: PlainMetadata | None = None
    event_type: PlainText | None = None
    role: PlainText | None = None
    device_type: PlainText | None = None
    browser: PlainText | None = None
    context: None = None
    payload: None = None
    event_data: None = None
    hidden: None = None
    position_s: None = None
    video_duration_s: None = None
    playback_rate: None = None
    user_agent: None = None
    userAgent: None = None


PlainAgent = Annotated[str, Meta(min_length=1)]


class AgentMetadata(PlainMetadata, gc=False):
    """Metadata with a user agent; "" where there is none, since null or an empty one would hide one at the top."""

    user_agent: PlainAgent = ""  # type: ignore[assignment]


class AgentPlain(Plain, gc=False):
    """An event that is plain but for a user agent, of which `Plain` knows only that it makes an event not plain."""

    metadata: AgentMetadata | None = None
    user_agent: str | None = None  # type: ignore[assignment]


T = TypeVar("T")

_decoder = msgspec.json.Decoder(Plain)
_agent_decoder = msgspec.json.Decoder(AgentPlain)

#: What the fast decoder raises for anything that is not plain.
NOT_PLAIN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError)


def decode_plain(values: list[bytes | None]) -> tuple[list[Plain | None], list[int]]:
    """Decodes what is plain, and then what is but for a user agent: who sends none does not pay for it.

    Args:
        values: Values of records.

    Returns:
        As many entries, None where a record is not provably plain, and the rows of these.
    """
    events: list[Plain | None]
    events, odd = decode_each(_decoder, values)
    if not odd:
        return events, odd
    again, still = decode_each(_agent_decoder, [values[row] for row in odd])
    for row, event in zip(odd, again, strict=True):
        events[row] = None if event is None else _with_agent(event)
    return events, [odd[at] for at in still]


def _with_agent(event: AgentPlain) -> AgentPlain:
    """Takes from the user agent what nothing else says of the device, as `spread` does."""
    user_agent = (event.metadata.user_agent if event.metadata else "") or event.user_agent
    device = event.device or NO_DEVICE
    if user_agent and not ((device.type or event.device_type) and (device.browser or event.browser)):
        found = agent_of(user_agent)
        event.device_type, event.browser = event.device_type or found.device_type, event.browser or found.browser
    return event


def decode_each(decoder: msgspec.json.Decoder[T], values: list[bytes | None]) -> tuple[list[T | None], list[int]]:
    """Decodes value by value; what fails, or may hide something that the decoder skips over, is None.

    Args:
        decoder: Decoder of a struct.
        values: Values of records.

    Returns:
        As many entries, and the rows of those that are None.
    """
    events: list[T | None] = []
    odd: list[int] = []
    fast = map(decoder.decode, values)  # type: ignore[arg-type]
    while True:
        try:
            # keeps what came before the failure, and `map` goes on behind it
            events.extend(fast)
            break
        except NOT_PLAIN:
            odd.append(len(events))
            events.append(None)
    for row in _unproven(values):
        if events[row] is not None:
            events[row] = None
            odd.append(row)
    return events, odd


def _unproven(values: list[bytes | None]) -> list[int]:
    """Returns the rows in which the decoder may have skipped over something wrong: depth, escapes, encoding."""
    present: list[bytes] = values if None not in values else [v for v in values if v is not None]  # type: ignore[assignment]
    whole = b"".join(present)
    has_escape = b"\\" in whole
    if not has_escape and whole.isascii() and max(map(len, present), default=0) <= MAX_PLAIN_BYTES:
        return []
    return [
        row
        for row, value in enumerate(values)
        if value is not None
        and (len(value) > MAX_PLAIN_BYTES or (has_escape and b"\\u" in value) or not _is_utf8(value))
    ]


def _is_utf8(value: bytes) -> bool:
    if value.isascii():
        return True
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def plain(event: Event) -> Plain:
    """Returns the same fields of a canonical event."""
    metadata: dict[str, Any] | None = event.metadata
    return Plain(
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
        role=event.role,
        event_type=event.event_type,
        device_type=event.device_type,
        browser=event.browser,
        metadata=PlainMetadata(
            hidden=event.hidden,
            position_s=seconds(metadata, "position_s"),
            video_duration_s=seconds(metadata, "video_duration_s"),
            playback_rate=seconds(metadata, "playback_rate"),
        ),
    )
