"""The marks that a task holds, compactly: 62 bytes an event, sorted by student and time, and the few numbers beside.

New marks wait in a small sorted heap of their own, so that a batch does not move everything that is held.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dataflows.content.codes import Codes
from dataflows.content.columns import Events
from dataflows.content.flags import flags_of, flags_with_video
from dataflows.content.marks import NONE, Explicit, Marks
from dataflows.events.studied import Number
from dataflows.operators import packing
from dataflows.operators.dedupe import Ids
from dataflows.operators.places import order_by_time
from dataflows.operators.segments import Bools, Ints

_Small = npt.NDArray[Any]

_FRESH_AT_LEAST: Final = 65_536
_FRESH_SHARE: Final = 8
_NUMBERS: Final = 6
_MEDIA: Final = (Number.POSITION_S, Number.DURATION_S, Number.FROM_S, Number.TO_S)


@dataclass(slots=True)
class Held:
    """Marks sorted by (key, place in the log); arrays have shape (n,).

    Attributes:
        key: Packed (student, time).
        placed: Place in the log.
        hi: Upper half of the event_id.
        lo: Lower half.
        flags: `Flag` bits.
        place: Code of the place.
        client: Code of the client.
        session: Code of the session id, `NONE` where there is none.
        video: Text code of the video, likewise.
        extra: Row of the numbers; 0, a row of `NONE`, where the event has none.
    """

    key: packing.Wide
    placed: Ints
    hi: Ids
    lo: Ids
    flags: _Small
    place: _Small
    client: _Small
    session: _Small
    video: _Small
    extra: _Small

    def __len__(self) -> int:
        """How many marks."""
        return len(self.key)

    def take(self, index: Any) -> Held:  # noqa: ANN401
        """Returns some of the marks."""
        return Held(*(getattr(self, field.name)[index] for field in fields(Held)))

    def with_more(self, other: Held) -> Held:
        """Returns both as one, sorted."""
        if not len(other):
            return self
        both = Held(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(Held)))
        return both if not len(self) else both.take(order_by_time(both.key, both.placed, runs=True))

    @property
    def bytes(self) -> int:
        """What the arrays take."""
        return sum(getattr(self, field.name).nbytes for field in fields(Held))


_DTYPES: Final = (
    np.complex128,
    np.int64,
    np.uint64,
    np.uint64,
    np.int16,
    np.int32,
    np.int32,
    np.int32,
    np.int32,
    np.int32,
)


def _empty() -> Held:
    columns: list[Any] = [np.empty(0, dtype) for dtype in _DTYPES]
    return Held(*columns)


class Numbers:
    """Rows of numbers that only ever grow; row 0 is all `NONE`."""

    def __init__(self, rows: _Small | None = None) -> None:
        """Starts from the rows of a snapshot, or without any."""
        self._rows = np.full((1, _NUMBERS), NONE, np.int32) if rows is None else rows
        self._used = len(self._rows)

    def __len__(self) -> int:
        """How many rows."""
        return self._used

    @property
    def rows(self) -> _Small:
        """Shape (n, 6)."""
        return self._rows[: self._used]

    def add(self, numbers: _Small) -> Ints:
        """Appends rows and returns their indices."""
        first, self._used = self._used, self._used + len(numbers)
        if self._used > len(self._rows):
            room = np.empty((max(self._used, 2 * len(self._rows)), _NUMBERS), np.int32)
            room[:first] = self._rows[:first]
            self._rows = room
        self._rows[first : self._used] = numbers
        return np.arange(first, self._used)


class MarkStore:
    """The marks of all students of a task."""

    def __init__(self, codes: Codes) -> None:
        """Starts empty; `codes` are the task's dictionaries."""
        self._codes = codes
        self._main, self._fresh = _empty(), _empty()
        self._numbers = Numbers()

    def __len__(self) -> int:
        """How many marks are held."""
        return len(self._main) + len(self._fresh)

    @property
    def bytes(self) -> int:
        """What they take."""
        return self._main.bytes + self._fresh.bytes + self._numbers.rows.nbytes

    def add(self, events: Events) -> None:
        """Takes events that are neither late nor repeated; `student` holds the task's codes."""
        self._fresh = self._fresh.with_more(self._held(events))
        if len(self._fresh) > max(_FRESH_AT_LEAST, len(self._main) // _FRESH_SHARE):
            self._main, self._fresh = self._main.with_more(self._fresh), _empty()

    def _held(self, events: Events) -> Held:
        video = self._codes.of_videos(events)
        meant = np.array([(flags_of(action), flags_with_video(action)) for action in events.actions], np.int16).reshape(
            -1, 2
        )
        flags = meant[events.action, (video != NONE).astype(np.int64)]
        held = Held(
            packing.moment(events.student, events.event_ms, np.zeros_like(events.student)),
            events.placed,
            events.hi,
            events.lo,
            flags,
            self._codes.of_places(events).astype(np.int32),
            self._codes.of_clients(events).astype(np.int32),
            self._codes.of_sessions(events).astype(np.int32),
            video.astype(np.int32),
            self._extra(events),
        )
        return held.take(order_by_time(held.key, held.placed))

    def _extra(self, events: Events) -> _Small:
        extra = np.zeros(len(events), np.int32)
        rows = np.flatnonzero(events.extra != NONE)
        if len(rows):
            some = events.take(rows)
            columns = [some.number_ms(which) for which in _MEDIA]
            extra[rows] = self._numbers.add(np.stack([some.scroll, some.rate, *columns], axis=1))
        return extra

    def take(self, students: Ints, since_ms: Ints) -> Marks:
        """Returns the marks of some students from an instant on.

        Args:
            students: Their codes, ascending; a mark's member is the index into them.
            since_ms: From when on, for each student.
        """
        begin, end = (
            packing.moment(students, since_ms, np.zeros_like(students)),
            packing.moment(students + 1, _origin(students), np.zeros_like(students)),
        )
        held = self._main.take(_ranges(self._main.key, begin, end))
        return self._marks(held.with_more(self._fresh.take(_ranges(self._fresh.key, begin, end))), students)

    def _marks(self, held: Held, students: Ints) -> Marks:
        class_code, course, chapter, lesson = self._codes.places.texts_of(held.place)
        device, browser, country = self._codes.clients.texts_of(held.client)
        scroll, rate, position, duration, begun, target = self._numbers.rows[held.extra].T.astype(np.int64)
        return Marks(
            member=np.searchsorted(students, packing.moment_student(held.key)),
            time_ms=packing.moment_ms(held.key),
            hi=held.hi,
            lo=held.lo,
            placed=held.placed,
            flags=held.flags.astype(np.int64),
            class_code=class_code,
            course=course,
            chapter=chapter,
            lesson=lesson,
            video=held.video.astype(np.int64),
            session=held.session.astype(np.int64),
            device=device,
            browser=browser,
            country=country,
            scroll=scroll,
            position_ms=position,
            duration_ms=duration,
            rate=rate,
            from_ms=begun,
            to_ms=target,
        )

    def drop_before(self, students: Ints, cut_ms: Ints) -> None:
        """Forgets the marks of some students that lie before an instant of each."""
        begin, end = (
            packing.moment(students, _origin(students), np.zeros_like(students)),
            packing.moment(students, cut_ms, np.zeros_like(students)),
        )
        for name in ("_main", "_fresh"):
            held: Held = getattr(self, name)
            keep: Bools = np.ones(len(held), np.bool_)
            keep[_ranges(held.key, begin, end)] = False
            setattr(self, name, held.take(keep))

    def compact(self, visits: list[Explicit]) -> None:
        """Gives up numbers and texts that no mark and no explicit visit speaks of any more."""
        spoken_of = [held.extra[held.extra > 0] for held in (self._main, self._fresh)]
        if 2 * sum(map(len, spoken_of)) < len(self._numbers):
            numbers = Numbers()
            for held in (self._main, self._fresh):
                some = np.flatnonzero(held.extra)
                held.extra[some] = numbers.add(self._numbers.rows[held.extra[some]])
            self._numbers = numbers
        both = (self._main, self._fresh)
        self._codes.compact_sessions([held.session for held in both])
        reported = [codes for visit in visits for codes in (visit.class_code, visit.course, visit.chapter)]
        self._codes.compact(
            [held.place for held in both], [held.client for held in both], [*(held.video for held in both), *reported]
        )

    def state(self) -> dict[str, Any]:
        """Returns what a snapshot must hold."""
        return {
            name: [getattr(held, f.name) for f in fields(Held)]
            for name, held in (("main", self._main), ("fresh", self._fresh))
        } | {"numbers": self._numbers.rows}

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's marks."""
        self._main, self._fresh = Held(*state["main"]), Held(*state["fresh"])
        self._numbers = Numbers(state["numbers"])


def _origin(students: Ints) -> Ints:
    return np.full(len(students), packing.EPOCH_MIN * packing.MINUTE_MS, np.int64)


def _ranges(keys: packing.Wide, begin: packing.Wide, end: packing.Wide) -> Ints:
    """Returns the indices of the sorted keys that lie in ascending ranges [begin, end)."""
    first, last = np.searchsorted(keys, begin), np.searchsorted(keys, end)
    count = last - first
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    found: Ints = np.arange(total) + np.repeat(first - (ends - count), count)
    return found
