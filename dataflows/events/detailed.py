"""The fast path of the `content` flow: an event spelt plainly, with the fields that tell where time went.

As in `plain`, every field that could reject or move a value is typed strictly, or `None` where its presence matters;
the last of each struct are not read, and only there so that all flows accept the same events.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from dataflows.events.event import Event, seconds
from dataflows.events.plain import PlainAgent, PlainDevice, PlainEvent, PlainText, decode_each
from dataflows.events.rejects import RejectedError
from dataflows.events.times import event_ms

_Url = Annotated[str, Meta(min_length=1)]

NUMBERS: Final = (
    "scroll_depth",
    "position_s",
    "video_duration_s",
    "playback_rate",
    "from_s",
    "to_s",
    "score",
    "price",
)
"""The numbers of the metadata that are read."""


class DetailedMetadata(msgspec.Struct, gc=False):
    """The parts of `metadata` that are read (numbers are NaN where absent), and those whose presence moves a column."""

    scroll_depth: float | None = math.nan
    hidden: bool | None = None
    position_s: float | None = math.nan
    video_duration_s: float | None = math.nan
    playback_rate: float | None = math.nan
    from_s: float | None = math.nan
    to_s: float | None = math.nan
    score: float | None = math.nan
    price: float | None = math.nan
    user_agent: PlainAgent = ""
    userAgent: None = None
    class_id: None = None
    subject_id: None = None
    course_id: None = None
    chapter_id: None = None
    lesson_id: None = None
    video_id: None = None
    assessment_id: None = None
    session_id: None = None
    device: None = None
    device_type: None = None
    os: None = None
    browser: None = None
    country_code: None = None
    page_url: None = None
    location: None = None

    duration: float | None = None
    time_taken: float | None = None
    module: PlainText | None = None
    domain: PlainText | None = None


NO_DETAILS: Final = DetailedMetadata()


class Detailed(PlainEvent, gc=False):
    """What the content flow needs of one event; the usual order of fields is found fastest."""

    lesson_id: PlainText | None = None
    video_id: PlainText | None = None
    assessment_id: PlainText | None = None
    page_url: _Url | None = None
    device: PlainDevice | None = None
    metadata: DetailedMetadata | None = None
    event_type: PlainText | None = None
    role: PlainText | None = None
    device_type: PlainText | None = None
    browser: PlainText | None = None
    country_code: PlainText | None = None
    context: None = None
    payload: None = None
    event_data: None = None
    hidden: None = None
    scroll_depth: None = None
    position_s: None = None
    video_duration_s: None = None
    playback_rate: None = None
    from_s: None = None
    to_s: None = None
    score: None = None
    price: None = None
    user_agent: str | None = None
    userAgent: None = None

    duration: float | None = None
    time_taken: float | None = None
    module: PlainText | None = None
    domain: PlainText | None = None


class View(Detailed, gc=False):
    """A chapter view; `end_ms` is the end that was sent, epoch milliseconds, NaN where none that can be read was."""

    end_ms: float = math.nan


_SAME: Final = (
    "event_id",
    "student_id",
    "event_name",
    "session_id",
    "class_id",
    "course_id",
    "chapter_id",
    "lesson_id",
    "video_id",
    "assessment_id",
    "page_url",
    "device_type",
    "browser",
    "country_code",
    "role",
    "event_type",
)

_decoder = msgspec.json.Decoder(Detailed)


def decode_detailed(values: list[bytes | None]) -> tuple[list[Detailed | None], list[int]]:
    """Decodes what is plain; see `decode_plain`."""
    return decode_each(_decoder, values)


def detailed(event: Event) -> Detailed:
    """Returns the same fields of a canonical event."""
    return Detailed(**_fields(event))


def view(event: Event) -> View:
    """Returns the same fields of a canonical chapter view, and its end."""
    return View(**_fields(event), end_ms=visit_end_ms(event.metadata))


def _fields(event: Event) -> dict[str, Any]:
    metadata = event.metadata or {}
    fields: dict[str, Any] = {name: getattr(event, name) for name in _SAME}
    fields["timestamp"] = event.event_ms
    numbers: dict[str, Any] = {name: seconds(metadata, name) for name in NUMBERS}
    fields["metadata"] = DetailedMetadata(hidden=event.hidden, **numbers)
    return fields


def visit_end_ms(metadata: dict[str, Any] | None) -> float:
    """Returns the end of a chapter view in epoch milliseconds; NaN where none that can be read was sent.

    Example:
        >>> visit_end_ms({"end_time": "2025-01-26T10:30:00Z"}), visit_end_ms({"end_time": "later"})
        (1737887400000.0, nan)
    """
    for name in ("end_time", "chapter_end_time"):
        value = (metadata or {}).get(name)
        if value is not None:
            try:
                return float(event_ms(value, name))
            except RejectedError:
                continue
    return math.nan
