"""Marks and explicit visits written by hand, and the sessions that belong to them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from dataflows.content.intervals import ORIGIN_MS
from dataflows.content.marks import NONE, Explicit, Flag, FoldRules, Marks
from dataflows.content.sessions import fold_sessions
from dataflows.operators.segments import Ints

START = ORIGIN_MS + 1_000_000_000
"""Times in tests count from here."""

KINDS = {
    "view": Flag.INTERACTION | Flag.PAGE_VIEW | Flag.LEAVES,
    "click": Flag.INTERACTION,
    "start": Flag.INTERACTION | Flag.START | Flag.LEAVES | Flag.PASSIVE,
    "end": Flag.END | Flag.LEAVES,
    "idle": Flag.IDLE,
    "hidden": Flag.HIDDEN,
    "server": Flag(0),
}


@dataclass(frozen=True, order=True)
class Event:
    """An event of the clickstream; `ms` counts from START."""

    ms: int
    kind: str = "click"
    chapter: int = NONE
    id: int = 0
    member: int = 0
    course: int = NONE
    class_code: int = NONE
    scroll: int = NONE

    @property
    def order(self) -> tuple[int, int, int]:
        return self.member, self.ms, self.id


@dataclass(frozen=True, order=True)
class View:
    """An explicit visit; `end` None where none was sent."""

    start: int
    end: int | None
    chapter: int
    id: int = 0
    member: int = 0
    alone: bool = False
    course: int = NONE
    class_code: int = NONE
    scroll: int = NONE


@dataclass(frozen=True)
class Row:
    """What is said of a visit; the event_id's number stands for it."""

    member: int
    start: int
    id: int
    end: int
    spent: int
    raw: int
    chapter: int
    is_view: bool
    course: int = field(default=NONE)
    class_code: int = field(default=NONE)
    scroll: int = field(default=NONE)


def numbered(events: list[Event]) -> list[Event]:
    """Gives events ids in the order in which they are written."""
    return [replace(event, id=number) for number, event in enumerate(events, 1)]


def column(values: list[int]) -> Ints:
    return np.array(values, np.int64)


def marks_of(events: list[Event]) -> Marks:
    events = sorted(set(events), key=lambda event: event.order)
    none = np.full(len(events), NONE, np.int64)
    return Marks(
        member=column([event.member for event in events]),
        time_ms=column([event.ms + START for event in events]),
        hi=np.zeros(len(events), np.uint64),
        lo=np.array([event.id for event in events], np.uint64),
        placed=column([event.id for event in events]),
        flags=column([int(KINDS[event.kind]) for event in events]),
        class_code=column([event.class_code for event in events]),
        course=column([event.course for event in events]),
        chapter=column([event.chapter for event in events]),
        scroll=column([event.scroll for event in events]),
        **dict.fromkeys(
            ("lesson", "video", "session", "device", "browser", "country", "position_ms", "duration_ms"), none
        ),
        **dict.fromkeys(("rate", "from_ms", "to_ms"), none),
    )


def explicit_of(views: list[View]) -> Explicit:
    views = sorted(set(views), key=lambda view: (view.member, view.start, view.id))
    return Explicit(
        member=column([view.member for view in views]),
        start_ms=column([view.start + START for view in views]),
        end_ms=column([NONE if view.end is None else max(view.start, view.end) + START for view in views]),
        hi=np.zeros(len(views), np.uint64),
        lo=np.array([view.id for view in views], np.uint64),
        placed=column([view.id for view in views]),
        class_code=column([view.class_code for view in views]),
        course=column([view.course for view in views]),
        chapter=column([view.chapter for view in views]),
        scroll=column([view.scroll for view in views]),
        alone=np.array([view.alone for view in views], np.bool_),
    )


def sessions_of(marks: Marks, rules: FoldRules, low_ms: int = START) -> Ints:
    """Returns the session of each mark, as the flow assigns it."""
    return fold_sessions(marks, low_ms, rules).of
