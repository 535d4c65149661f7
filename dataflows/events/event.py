"""The canonical event: what every accepted spelling becomes."""

from __future__ import annotations

from typing import Any

import msgspec


class Event(msgspec.Struct, gc=False):
    """One accepted event.

    `gc=False` is safe: documents decoded from JSON hold no cycles.

    Attributes:
        event_id: Canonical lower-case UUID.
        event_ms: Event time, epoch milliseconds.
        hidden: A ping from a tab that nobody sees.
        metadata: Whatever has no column of its own; None where that is nothing.
    """

    event_id: str
    event_ms: int
    student_id: str
    event_name: str
    event_type: str
    role: str = "student"
    class_id: str | None = None
    grade: str | None = None
    subject_id: str | None = None
    course_id: str | None = None
    chapter_id: str | None = None
    lesson_id: str | None = None
    video_id: str | None = None
    assessment_id: str | None = None
    session_id: str | None = None
    device_type: str | None = None
    os: str | None = None
    browser: str | None = None
    country_code: str | None = None
    page_url: str | None = None
    hidden: bool = False
    metadata: dict[str, Any] | None = None


def seconds(metadata: dict[str, Any] | None, name: str) -> float | None:
    """Returns a number from the metadata as a float; None for anything else.

    Example:
        >>> seconds({"position_s": 12}, "position_s"), seconds({"position_s": "12"}, "position_s")
        (12.0, None)
    """
    value = metadata.get(name) if metadata else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None
