"""What one record of the `content` flow's topics says: a click of the clickstream, or a chapter view.

Plain Python over `tests.oracle.reading`, one record at a time.

Decisions where the text leaves room:

- A number counts if it is a JSON number, or a text that is plainly one. Scroll depths are tenths of a per cent,
  positions and lengths milliseconds,
  rates thousandths, each rounded (half to even); what lies outside of its range is taken as not sent.
- A chapter view's end that cannot be read is no end; one before the start is the start; one later than a day after
  the start is that day's end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from tests.oracle.reading import Event, Record, as_number, moment, read
from tests.oracle.student import telling_order

DAY = 86_400_000
VIEWS = "chapter_view_events"
CLICKS = ("clickstream_events", "lms_clickstream")
LEAVES = {"page_view", "lesson_start", "session_start", "session_end", "login"}


@dataclass(frozen=True)
class View:
    """An explicit chapter visit; `end` is None where none was sent, `alone` whether it came late."""

    start: int
    event_id: str
    student_id: str
    role: str
    chapter: str
    end: int | None
    course: str | None
    class_id: str | None
    scroll: int | None
    place: tuple[int, int] = (0, 0)
    alone: bool = False

    @property
    def key(self) -> tuple[int, str]:
        """The key of its row."""
        return self.start, self.event_id

    @property
    def order(self) -> tuple[int, tuple[int, int]]:
        """Visits begin in this order."""
        return self.start, self.place


def view_of(record: Record, max_future_ms: int, max_bytes: int) -> View | None:
    """Returns the chapter view in a record; None for a reject."""
    try:
        body = json.loads(record.value or b"")
    except ValueError:
        return None
    if not isinstance(body, dict) or body.get("chapter_id") in (None, "") or len(record.value or b"") > max_bytes:
        return None
    times = [body.pop(name, None) for name in ("start_time", "chapter_start_time", "timestamp")]
    body["timestamp"] = next((time for time in times if time not in (None, "")), None)
    body |= {"event_name": "chapter_view", "event_type": "page_view"}
    event = read(replace(record, value=json.dumps(body).encode()), max_future_ms, 1 << 30)
    if not isinstance(event, Event):
        return None
    said = event.metadata or {}
    ends = [moment(said[name]) for name in ("end_time", "chapter_end_time") if said.get(name) is not None]
    end = next((end for end in ends if end is not None), None)
    return View(
        start=event.event_ms,
        event_id=event.event_id,
        student_id=event.student_id,
        role=event.role,
        chapter=event.texts["chapter_id"] or "",
        end=None if end is None else min(max(end, event.event_ms), event.event_ms + DAY),
        course=event.texts["course_id"],
        class_id=event.texts["class_id"],
        scroll=scroll_of(event),
        place=event.place,
    )


def number(event: Event, name: str) -> float | None:
    """Returns a number of the metadata as it was sent."""
    return as_number((event.metadata or {}).get(name))


def whole(event: Event, name: str, factor: int, lowest: int, highest: int) -> int | None:
    """Returns a number times `factor`, rounded; None where it was not sent or lies outside of the range."""
    value = number(event, name)
    if value is None or not lowest <= round(value * factor) <= highest:
        return None
    return round(value * factor)


def scroll_of(event: Event) -> int | None:
    """Returns the scroll depth in tenths of a per cent."""
    return whole(event, "scroll_depth", 10, 0, 1000)


def is_ping(event: Event) -> bool:
    """Returns whether an event only says that the page is open."""
    return event.event_name == "time_ping" or event.event_type == "heartbeat"


def is_going(event: Event) -> bool:
    """Returns whether an event says that the student goes away."""
    return event.hidden or event.event_name in ("idle", "session_end")


def in_order(events: list[Event]) -> list[Event]:
    """Returns a student's events as they are told: those of one instant as they lie in the log."""
    return sorted(events, key=telling_order)


def first_of(values: list[Any]) -> Any:
    """Returns the first value that is known."""
    return next((value for value in values if value is not None), None)


def last_of(values: list[Any]) -> Any:
    """Returns the last value that is known."""
    return first_of(values[::-1])
