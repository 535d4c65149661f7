"""Decode for the `content` flow: as `coded`, with where on the platform, on what, and with which numbers."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from enum import IntEnum
from itertools import count, islice
from operator import attrgetter
from typing import Any, Final, Generic, NamedTuple, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataflows.batch import Records
from dataflows.events.agents import agent_of
from dataflows.events.decoding import Chunk, Decoding
from dataflows.events.detailed import NO_DETAILS, NUMBERS, Detailed, View, decode_detailed, detailed, view
from dataflows.events.kinds import KINDS, Kind, canonical_topic
from dataflows.events.names import is_hidden_ping, type_of
from dataflows.events.parts import Slice, framed, gathered, joined
from dataflows.events.plain import NO_DEVICE
from dataflows.events.rejects import Reject
from dataflows.events.rules import DEFAULT_RULES, Rules
from dataflows.events.scanner.scan import Scanned, left, scan

Floats = NDArray[np.float64]
Codes = NDArray[np.uint32]


class Location(NamedTuple):
    """The place of an event."""

    class_id: str | None
    course_id: str | None
    chapter_id: str | None
    lesson_id: str | None


class Action(NamedTuple):
    """Who did what; `ping`: a heartbeat; `hidden`: one from a tab that nobody sees."""

    role: str
    event_name: str
    ping: bool
    hidden: bool


class Client(NamedTuple):
    """On what and where from."""

    device_type: str | None
    browser: str | None
    country_code: str | None


class Item(NamedTuple):
    """What an event is about."""

    video_id: str | None
    assessment_id: str | None


class Number(IntEnum):
    """The columns of `Studied.numbers`: those of `NUMBERS` as sent, and the end of a chapter view in epoch ms."""

    SCROLL_DEPTH = 0
    POSITION_S = 1
    DURATION_S = 2
    RATE = 3
    FROM_S = 4
    TO_S = 5
    SCORE = 6
    PRICE = 7
    END_MS = 8


@dataclass(frozen=True, slots=True)
class Studied:
    """A decoded batch of one topic-partition.

    Attributes:
        frame: One row per accepted event and per tick, in log order:
            offset i64, append_ms i64, event_ms i64, is_tick bool, id_hi u64, id_lo u64, student u32, location u32,
            action u32, client u32, session u32, item u32, page u32: indices into the lists below, which mean nothing in
            another batch (in a tick's row nothing at all); extra i32: row of `numbers`, -1 where the event has none.
        students: Student ids.
        places: Where events happened.
        actions: What was done.
        clients: On what.
        sessions: Session ids; None for events without one.
        items: Videos and assessments.
        pages: Addresses of pages.
        numbers: Shape (k + 1, 9), NaN where unknown, the last row all NaN: `numbers[extra]` holds for every row.
        is_view: Whether the topic carries chapter views.
        rejects: What was turned away, in log order.
    """

    frame: pl.DataFrame
    students: list[str]
    places: list[Location]
    actions: list[Action]
    clients: list[Client]
    sessions: list[str | None]
    items: list[Item]
    pages: list[str | None]
    numbers: Floats
    is_view: bool
    rejects: list[Reject]


_DTYPES: Final[dict[str, Any]] = {
    "row": np.intp,
    "event_ms": np.int64,
    "is_tick": np.bool_,
    "id_hi": np.uint64,
    "id_lo": np.uint64,
    "student": np.uint32,
    "location": np.uint32,
    "action": np.uint32,
    "client": np.uint32,
    "session": np.uint32,
    "item": np.uint32,
    "page": np.uint32,
    "extra": np.int32,
}

_STUDENT, _SESSION, _PAGE = ("student_id",), ("session_id",), ("page_url",)
_LOCATION: Final = ("class_id", "course_id", "chapter_id", "lesson_id")
_ITEM: Final = ("video_id", "assessment_id")
_SAYING: Final = (
    "event_name", "event_type", "role", "hidden", "device.type", "device_type", "device.browser", "browser",
    "country_code", "user_agent", "metadata.user_agent",
)  # fmt: skip
_GROUPS: Final = (_STUDENT, _SESSION, _PAGE, _LOCATION, _ITEM, _SAYING)

_Columns = dict[str, NDArray[Any]]
_numbers_of = attrgetter(*NUMBERS)


def decode_studied(records: Records, rules: Rules = DEFAULT_RULES) -> Studied:
    """Decodes a batch for the content flow; accepts exactly what `decode_coded` accepts.

    Every record ends as exactly one of: a row, a tick's row, a reject. Never raises, whatever the bytes.

    Example:
        >>> value = b'{"user_id": "ada", "chapter_id": "ch3", "start_time": 1760000000000, "scroll_depth": 40}'
        >>> studied = decode_studied(Records("chapter_view_events", 0, [7], [1760000000050], [None], [value]))
        >>> studied.places[0].chapter_id, studied.numbers[0, Number.SCROLL_DEPTH].item(), studied.is_view
        ('ch3', 40.0, True)
    """
    is_view = KINDS.get(canonical_topic(records.topic, rules.topic_prefix)) is Kind.CHAPTER_VIEW
    ticks = Slice(_tick_columns(records.ticks), {}, [])
    scanned = scan(records, rules, _GROUPS)
    coding = _Coding()
    if scanned is None:
        parts = [ticks, _judged(records, rules, coding, is_view=is_view)]
    else:
        parts = [ticks, coding.scanned(scanned)]
        if len(scanned.odd) > len(records.ticks) - records.ticks.count(None):
            more = coding.following()
            parts.append(_judged(left(records, scanned.odd), rules, more, is_view=is_view, rows=scanned.odd))
            coding = more
    whole = joined(parts, _DTYPES)
    rows, extra = whole.columns.pop("row"), whole.columns["extra"]
    said = np.flatnonzero(extra >= 0)
    numbers = coding.numbers[np.append(extra[said], -1)]
    extra = extra.copy()
    extra[said] = np.arange(len(said))
    placed = {
        "offset": np.array(records.offsets, dtype=np.int64)[rows],
        "append_ms": np.array(records.append_ms, dtype=np.int64)[rows],
    }
    texts = whole.texts
    return Studied(
        frame=framed(placed | whole.columns | {"extra": extra}),
        students=texts.get("student", []),
        places=[Location(*place) for place in texts.get("location", [])],
        actions=texts.get("action", []),
        clients=texts.get("client", []),
        sessions=texts.get("session", []),
        items=[Item(*item) for item in texts.get("item", [])],
        pages=texts.get("page", []),
        numbers=numbers,
        is_view=is_view,
        rejects=whole.rejects,
    )


def _judged(
    records: Records, rules: Rules, coding: _Coding, *, is_view: bool, rows: NDArray[np.intp] | None = None
) -> Slice:
    """Decodes event by event; `rows` says where the records stand in the batch that they are of."""
    decoding = Decoding(records, rules, decode_detailed, view if is_view else detailed)
    columns = gathered([coding.columns(chunk) for chunk in decoding.chunks()], _DTYPES)
    if rows is not None:
        columns["row"] = rows[columns["row"]]
    return Slice(columns, coding.texts, decoding.rejects)


def _tick_columns(ticks: list[int | None]) -> _Columns:
    rows = [row for row, tick in enumerate(ticks) if tick is not None]
    columns: _Columns = {name: np.zeros(len(rows), dtype=dtype) for name, dtype in _DTYPES.items()}
    columns["row"] = np.array(rows, dtype=np.intp)
    columns["event_ms"] = np.array([ticks[row] for row in rows], dtype=np.int64)
    columns["is_tick"] = np.ones(len(rows), dtype=np.bool_)
    columns["extra"] = np.full(len(rows), -1, dtype=np.int32)
    return columns


K = TypeVar("K", bound=Hashable)
_Texts = tuple[str | None, ...]


class _Table(Generic[K]):
    """Codes in order of appearance within one batch."""

    def __init__(self) -> None:
        self.codes: defaultdict[K, int] = defaultdict(count().__next__)

    def of(self, values: list[K]) -> Codes:
        codes = self.codes
        return np.frombuffer(array("I", [codes[value] for value in values]), dtype=np.uint32)

    @property
    def values(self) -> list[K]:
        return list(self.codes)


class _Coding:
    """The dictionaries of one batch.

    What was done and on what is keyed by its parts joined with NUL, which no part holds: one string is hashed faster
    than a tuple of eight, and there are few to take apart again.
    """

    def __init__(self) -> None:
        self.students: _Table[str] = _Table()
        self.places: _Table[_Texts] = _Table()  # plain tuples: named ones take three times as long to make
        self.actions: _Table[Action] = _Table()
        self.clients: _Table[Client] = _Table()
        self.sessions: _Table[str | None] = _Table()
        self.items: _Table[_Texts] = _Table()
        self.pages: _Table[str | None] = _Table()
        self._said: _Table[str] = _Table()
        self._meant: list[tuple[int, int]] = []
        self._numbers: list[Floats] = []
        self._extras = 0

    def following(self) -> _Coding:
        """Returns dictionaries of their own for events of the same batch, whose numbers follow on these."""
        more = _Coding()
        more._numbers, more._extras = list(self._numbers), self._extras
        return more

    @property
    def texts(self) -> dict[str, Any]:
        """What the codes stand for, by column."""
        tables: dict[str, _Table[Any]] = {
            "student": self.students, "location": self.places, "action": self.actions, "client": self.clients,
            "session": self.sessions, "item": self.items, "page": self.pages,
        }  # fmt: skip
        return {name: table.values for name, table in tables.items()}

    def scanned(self, scanned: Scanned) -> Slice:
        """Returns what the scanner took."""
        codes, texts = scanned.codes, scanned.texts
        said = codes[_SAYING]
        for saying in texts[_SAYING]:
            name, event_type, role, hidden, *devices, country, agent_at_top, agent = saying
            parts = (name, event_type, role, hidden, devices[0] or devices[1], devices[2] or devices[3], country)
            self._meant.append(self._meaning("\0".join(part or "" for part in (*parts, agent or agent_at_top))))
        meant = np.array(self._meant, dtype=np.uint32).reshape(-1, 2)[said]
        columns = {
            "row": scanned.rows,
            "event_ms": scanned.times,
            "is_tick": np.zeros(len(said), dtype=np.bool_),
            "id_hi": scanned.high,
            "id_lo": scanned.low,
            "student": codes[_STUDENT],
            "location": codes[_LOCATION],
            "action": meant[:, 0],
            "client": meant[:, 1],
            "session": codes[_SESSION],
            "item": codes[_ITEM],
            "page": codes[_PAGE],
            "extra": self._kept(np.arange(len(said)), scanned.numbers, len(said)),
        }
        own = {"action": self.actions.values, "client": self.clients.values}
        lone = {"student": _STUDENT, "session": _SESSION, "page": _PAGE}
        own |= {name: [text for (text,) in texts[group]] for name, group in lone.items()}
        return Slice(columns, own | {"location": texts[_LOCATION], "item": texts[_ITEM]}, [])

    def columns(self, chunk: Chunk[Detailed]) -> _Columns:
        """Returns the columns of a chunk's events."""
        events = chunk.events
        action, client = self._actions_and_clients(events)
        return {
            "row": chunk.rows,
            "event_ms": chunk.times,
            "is_tick": np.zeros(len(events), dtype=np.bool_),
            "id_hi": chunk.high,
            "id_lo": chunk.low,
            "student": self.students.of([e.student_id for e in events]),
            "location": self.places.of([(e.class_id, e.course_id, e.chapter_id, e.lesson_id) for e in events]),
            "action": action,
            "client": client,
            "session": self.sessions.of([e.session_id for e in events]),
            "item": self.items.of([(e.video_id, e.assessment_id) for e in events]),
            "page": self.pages.of([e.page_url for e in events]),
            "extra": self._extra(events),
        }

    def _actions_and_clients(self, events: list[Detailed]) -> tuple[Codes, Codes]:
        said = self._said.of(
            [
                f"{e.event_name}\0{e.event_type or ''}\0{e.role or ''}\0{(m := e.metadata or NO_DETAILS).hidden or ''}"
                f"\0{(d := e.device or NO_DEVICE).type or e.device_type or ''}\0{d.browser or e.browser or ''}"
                f"\0{e.country_code or ''}\0{m.user_agent or e.user_agent or ''}"
                for e in events
            ]
        )
        for saying in islice(self._said.codes, len(self._meant), None):
            self._meant.append(self._meaning(saying))
        meant = np.array(self._meant, dtype=np.uint32).reshape(-1, 2)[said]
        return meant[:, 0], meant[:, 1]

    def _meaning(self, saying: str) -> tuple[int, int]:
        name, event_type, role, hidden, device, browser, country, agent = saying.split("\0", 7)
        kind = event_type or type_of(name)
        ping = name == "time_ping" or kind == "heartbeat"
        action = Action(role or "student", name, ping, is_hidden_ping(name, kind, bool(hidden)))
        if agent and not (device and browser):
            found = agent_of(agent)
            device, browser = device or found.device_type or "", browser or found.browser or ""
        client = Client(device or None, browser or None, country or None)
        return self.actions.codes[action], self.clients.codes[client]

    def _extra(self, events: list[Detailed]) -> NDArray[np.int32]:
        """Returns the row of each event's numbers, and keeps these."""
        rows = [row for row, event in enumerate(events) if event.metadata is not None or type(event) is View]
        if not rows:
            return np.full(len(events), -1, dtype=np.int32)
        found = np.full((len(rows), len(Number)), np.nan)
        found[:, : len(NUMBERS)] = np.array(
            [_numbers_of(events[row].metadata or NO_DETAILS) for row in rows], dtype=np.float64
        )
        ends = [(at, event.end_ms) for at, row in enumerate(rows) if isinstance(event := events[row], View)]
        if ends:
            found[[at for at, _end in ends], Number.END_MS] = [end for _at, end in ends]
        return self._kept(np.array(rows), found, len(events))

    def _kept(self, rows: NDArray[np.intp], found: Floats, total: int) -> NDArray[np.int32]:
        """Keeps the numbers of some events, where there are any; returns for all events which row they are."""
        extra = np.full(total, -1, dtype=np.int32)
        said = ~np.isnan(found).all(axis=1)
        kept = np.full((int(said.sum()), len(Number)), np.nan)
        kept[:, : found.shape[1]] = found[said]
        self._numbers.append(kept)
        extra[rows[said]] = self._extras + np.arange(len(kept))
        self._extras += len(kept)
        return extra

    @property
    def numbers(self) -> Floats:
        """The numbers of all events that have any, and a last row of NaN."""
        return np.concatenate([*self._numbers, np.full((1, len(Number)), np.nan)])
