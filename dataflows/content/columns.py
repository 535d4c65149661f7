"""The columns of a micro-batch inside the `content` flow: integers and small batch-local dictionaries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Final

import numpy as np
import polars as pl

from dataflows.batch import Settled, TaskBatch
from dataflows.content.marks import NONE
from dataflows.events.studied import Action, Client, Floats, Item, Location, Number, Studied
from dataflows.operators.dedupe import Ids
from dataflows.operators.places import placed
from dataflows.operators.segments import Bools, Ints

_CODES: Final = ("student", "location", "action", "client", "session", "item", "page", "extra")
_LONGEST_MS: Final = 86_400_000
_FASTEST: Final = 100_000


@dataclass(slots=True)
class Events:
    """Accepted events of students of one topic-partition in log order; arrays have shape (n,).

    Attributes:
        event_ms: Event time, epoch milliseconds.
        append_ms: Append time.
        hi: Upper half of the event_id.
        lo: Lower half.
        placed: Place in the log (`places.placed`).
        late: Whether the event came too late for anything but milestones (of a chapter view: stands alone).
        student: Code into `students`, and after the encode step the task's own code.
        location: Code into `places`.
        action: Code into `actions`.
        client: Code into `clients`.
        session: Code into `sessions`.
        item: Code into `items`.
        page: Code into `pages`.
        extra: Row of `numbers`; -1, the last row, where the event has no number.
        students: Student ids of the batch.
        places: (class_id, course_id, chapter_id, lesson_id).
        actions: (role, event_name, ping, hidden).
        clients: (device_type, browser, country_code).
        sessions: Session ids.
        items: (video_id, assessment_id).
        pages: Addresses of pages.
        numbers: See `Studied.numbers` and `Number`; NaN where unknown, the last row all NaN.
    """

    event_ms: Ints
    append_ms: Ints
    hi: Ids
    lo: Ids
    placed: Ints
    late: Bools
    student: Ints
    location: Ints
    action: Ints
    client: Ints
    session: Ints
    item: Ints
    page: Ints
    extra: Ints
    students: list[str]
    places: list[Location]
    actions: list[Action]
    clients: list[Client]
    sessions: list[str | None]
    items: list[Item]
    pages: list[str | None]
    numbers: Floats

    def __len__(self) -> int:
        """How many events."""
        return len(self.event_ms)

    def only(self, mask: Bools) -> Events:
        """Returns the events for which `mask` holds."""
        return self if mask.all() else self.take(np.flatnonzero(mask))

    def take(self, index: Ints) -> Events:
        """Returns some of the events."""
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        return Events(**columns | {name: columns[name][index] for name in COLUMNS})

    def number(self, which: Number) -> Floats:
        """Returns a number of each event as it was sent, NaN where unknown, shape (n,)."""
        found: Floats = self.numbers[self.extra, which]
        return found

    def number_ms(self, which: Number) -> Ints:
        """Returns seconds as whole milliseconds; `NONE` where unknown, negative or longer than a day."""
        return whole(self.number(which), 1000, _LONGEST_MS)

    @property
    def scroll(self) -> Ints:
        """Scroll depth in tenths of a per cent (0-1000); `NONE` where unknown or out of range."""
        return whole(self.number(Number.SCROLL_DEPTH), 10, 1000)

    @property
    def rate(self) -> Ints:
        """Playback rate in thousandths; `NONE` where unknown or not above 0."""
        rate = whole(self.number(Number.RATE), 1000, _FASTEST)
        return np.where(rate > 0, rate, NONE)


COLUMNS: Final = tuple(f.name for f in fields(Events))[:14]
"""The columns of `Events` that have an entry an event."""


def whole(values: Floats, factor: int, largest: int) -> Ints:
    """Returns `values` times `factor`, rounded to whole numbers; `NONE` outside 0 to `largest`, and for NaN.

    Example:
        >>> whole(np.array([1.2345, -1.0, np.nan]), 1000, 5000).tolist()
        [1234, -1, -1]
    """
    scaled = np.rint(np.nan_to_num(values, nan=-1.0) * factor)
    fits = (scaled >= 0) & (scaled <= largest)
    return np.where(fits, scaled, NONE).astype(np.int64)


@dataclass(slots=True)
class Batch:
    """What moves from operator to operator of one task: events, event time, and the rows gathered so far.

    Attributes:
        source: Where the batch comes from and whether rows are due.
        decoded: Decoded records by topic, until the watermark step has judged them.
        clicks: Clickstream events, one entry a topic; late ones too, until the dedupe step.
        views: Chapter views, likewise, late ones to the end.
        topics: The topics of the clicks, likewise.
        before: Of each topic of clicks, and of views, its name and the watermark before each event.
        watermarks: Watermark by topic after this batch.
        settled: How far the task has come, as it is to be remembered.
        low: Up to when the task is settled: no later record changes what lies before.
        has_views: Whether the task's topic of chapter views has ever held a record.
        rows: Rows to write, by table.
        replaces: Stretches of time that the rows fill, by table.
        live_append_ms: Append times of live records in this batch.
        student_ids: The task's student ids by code.
        before_ms: Per topic, the watermark that each decoded row met, where it is given from outside (a rebuild).
        withheld: Which decoded rows count nowhere, by topic (`operators.consent`); absent where all do.
        forgets: Says whether a student was erased; None where nobody was.
    """

    source: TaskBatch
    decoded: list[tuple[str, Studied]]
    clicks: list[Events] = field(default_factory=list)
    views: list[Events] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    before: tuple[list[tuple[str, Ints]], list[tuple[str, Ints]]] = field(default_factory=lambda: ([], []))
    watermarks: dict[str, int] = field(default_factory=dict)
    settled: Settled = field(default_factory=Settled)
    low: int = 0
    has_views: bool = False
    rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    replaces: dict[str, pl.DataFrame] = field(default_factory=dict)
    live_append_ms: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    student_ids: list[str] = field(default_factory=list)
    before_ms: dict[str, Ints] = field(default_factory=dict)
    withheld: dict[str, Bools] = field(default_factory=dict)
    forgets: Callable[[str], bool] | None = None

    def note(self, topic: str, events: Events, before: Ints, *, is_view: bool) -> None:
        """Takes a topic's events and the watermark before each."""
        (self.views if is_view else self.clicks).append(events)
        if not is_view:
            self.topics.append(topic)
        self.before[is_view].append((topic, before))

    def add_rows(self, table: str, rows: pl.DataFrame) -> None:
        """Adds rows to write, where there are any."""
        if len(rows):
            self.rows[table] = rows


def events_of(studied: Studied, keep: Bools, late: Bools, rank: int) -> Events:
    """Returns the rows of a decoded frame for which `keep` holds, as columns; `late` is of all rows.

    Args:
        studied: What was decoded.
        keep: Which rows.
        late: Which rows are late.
        rank: The topic's rank.
    """
    frame = studied.frame

    def ints(name: str) -> Ints:
        return frame[name].to_numpy()[keep].astype(np.int64, copy=False)

    return Events(
        event_ms=ints("event_ms"),
        append_ms=ints("append_ms"),
        hi=frame["id_hi"].to_numpy()[keep],
        lo=frame["id_lo"].to_numpy()[keep],
        placed=placed(rank, ints("offset")),
        late=late[keep],
        **{name: ints(name) for name in _CODES},
        students=studied.students,
        places=studied.places,
        actions=studied.actions,
        clients=studied.clients,
        sessions=studied.sessions,
        items=studied.items,
        pages=studied.pages,
        numbers=studied.numbers,
    )
