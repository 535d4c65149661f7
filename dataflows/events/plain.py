"""The fast path: an event spelt plainly decodes into a typed struct, anything else raises and is normalised.

The struct names only what `engagement` needs. What it accepts, `normalise` must accept with the same values
(a differential test holds the two together), so every field here that could reject or change an event is either
typed strictly or, where its mere presence matters, typed `None`.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec
import numpy as np
from msgspec import Meta

from dataflows.events.agents import agent_of
from dataflows.events.event import Event, seconds
from dataflows.events.rules import EARLIEST_MS, LATEST_MS, MAX_TEXT, MAX_TEXT_BYTES
from dataflows.events.text import BLANKS

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
    """The parts of `metadata` that are counted (NaN where absent), and those whose presence moves a column.

    At the end, what is not counted and still rejects an event that has it wrong, so that all flows accept the same.
    """

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

    scroll_depth: float | None = None
    score: float | None = None
    price: float | None = None
    from_s: float | None = None
    to_s: float | None = None
    duration: float | None = None
    time_taken: float | None = None
    module: PlainText | None = None
    domain: PlainText | None = None
    lesson_id: PlainText | None = None
    video_id: PlainText | None = None
    assessment_id: PlainText | None = None


NO_DEVICE = PlainDevice()
NO_METADATA = PlainMetadata()


class PlainEvent(msgspec.Struct, gc=False):
    """Who did what, when and where, as every reader of the clickstream needs it; a record begins with these fields."""

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


class Plain(PlainEvent, gc=False):
    """What the engagement flow needs of one event; the usual order of fields is found fastest.

    At the end, what it does not need and still rejects an event that has it wrong.
    """

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

    scroll_depth: float | None = None
    score: float | None = None
    price: float | None = None
    from_s: float | None = None
    to_s: float | None = None
    duration: float | None = None
    time_taken: float | None = None
    module: PlainText | None = None
    domain: PlainText | None = None
    lesson_id: PlainText | None = None
    video_id: PlainText | None = None
    assessment_id: PlainText | None = None


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
    """Returns the rows in which the decoder may have let something through: depth, escapes, encoding, untidy texts."""
    present: list[bytes] = values if None not in values else [v for v in values if v is not None]  # type: ignore[assignment]
    whole = b"".join(present)
    has_escape, has_blank = b"\\" in whole, _has_blank_edge(whole)
    if not (has_escape or has_blank) and whole.isascii() and max(map(len, present), default=0) <= MAX_PLAIN_BYTES:
        return []
    return [
        row
        for row, value in enumerate(values)
        if value is not None
        and (
            len(value) > MAX_PLAIN_BYTES
            or (has_escape and _escapes(value))
            or (has_blank and _has_blank_edge(value))
            or not (value.isascii() or _is_tidy_utf8(value))
        )
    ]


def _has_blank_edge(value: bytes) -> bool:
    """Says whether a text in JSON may begin or end with a space; `"a" : 1` and `{ "a": "b" }` are suspected too."""
    if b" " not in value:
        return False
    marks = np.frombuffer(b"\0" + value + b"\0\0", np.uint8)
    spaces = np.flatnonzero(marks == _SPACE)
    begins = marks[spaces - 1] == _QUOTE
    # a space before a quote is the usual one after a colon or a comma, unless a text ends with the quote
    ends = (marks[spaces + 1] == _QUOTE) & _ENDS_TEXT[marks[spaces + 2]]
    return bool(begins.any() or ends.any())


_LONG_TEXT: Final = re.compile(rb'[^"]{%d}' % (MAX_TEXT_BYTES + 1))
_SPACE, _QUOTE = ord(" "), ord('"')
_ENDS_TEXT = np.isin(np.arange(256), list(b",}] \t\r\n:"))


def _escapes(value: bytes) -> bool:
    """Says whether an escape may stand for something to trim or to take out: all but quotes and strokes may."""
    return any(escape in value for escape in (b"\\u", b"\\n", b"\\r", b"\\t", b"\\f", b"\\b"))


_ODD_MARKS: Final = tuple(
    mark.encode() if len(mark.encode()) < 3 else mark.encode()[:2] for mark in BLANKS if not mark.isascii()
)
"""How blanks beyond ASCII begin in UTF-8 (see `text.BLANKS`)."""


def _is_tidy_utf8(value: bytes) -> bool:
    """Says whether texts beyond ASCII are UTF-8, in normal form C (each part then is too), and hold no odd blank.

    One that may hold a text of more bytes than an id may have is suspected too.
    """
    if any(mark in value for mark in _ODD_MARKS):
        return False
    if len(value) > MAX_TEXT_BYTES and (b"\\" in value or _LONG_TEXT.search(value)):
        return False
    try:
        return unicodedata.is_normalized("NFC", value.decode())
    except UnicodeDecodeError:
        return False


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
