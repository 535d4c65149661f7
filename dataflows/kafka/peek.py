"""The little that routing, ordering and refusing must know of a raw event: its time and its student."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from dataflows.events.rejects import RejectedError
from dataflows.events.text import is_blank, strict_text
from dataflows.events.times import event_ms
from dataflows.kafka.topics import CHAPTER_VIEWS

STUDENT_FIELDS: Final = ("student_id", "user_id")
TIME_FIELDS: Final = ("timestamp", "event_timestamp")
CHAPTER_TIME_FIELDS: Final = ("start_time", "chapter_start_time", "timestamp")
# every time that moves when a log is moved
MOVED_FIELDS: Final = (*TIME_FIELDS, "start_time", "chapter_start_time", "end_time", "chapter_end_time")


def time_ms(value: object) -> int | None:
    """Returns a timestamp as epoch milliseconds, or None where the decoders would reject it.

    Example:
        >>> time_ms("2025-01-26T10:30:00Z"), time_ms(1737887400000), time_ms("29/02/18, 19:00")
        (1737887400000, 1737887400000, None)
    """
    try:
        return event_ms(value)
    except RejectedError:
        return None


def event_time_ms(event: dict[str, Any], topic: str) -> int | None:
    """Returns the event's time, epoch milliseconds, or None where it has none that can be read.

    Args:
        event: The JSON object.
        topic: The topic's name without prefix.
    """
    for name in CHAPTER_TIME_FIELDS if topic == CHAPTER_VIEWS else TIME_FIELDS:
        if not is_blank(event.get(name)):
            return time_ms(event[name])
    return None


def student_key(event: dict[str, Any]) -> bytes | None:
    """Returns the record key: the student's id as UTF-8, or None where the event names nobody."""
    for name in STUDENT_FIELDS:
        if not is_blank(event.get(name)):
            try:
                return strict_text(event[name], name).encode()
            except (RejectedError, UnicodeEncodeError):
                return None
    return None


def shift(event: dict[str, Any], shift_ms: int) -> None:
    """Moves every time of the event by `shift_ms`, in place, each in the form that it has.

    What is no time stays as it is.
    """
    for name in MOVED_FIELDS:
        value = event.get(name)
        ms = None if is_blank(value) else time_ms(value)
        if ms is None:
            continue
        moved = ms + shift_ms
        if isinstance(value, str) and not value.isdigit():
            event[name] = datetime.fromtimestamp(moved / 1000, tz=UTC).isoformat(timespec="milliseconds")
        else:
            event[name] = str(moved) if isinstance(value, str) else moved
