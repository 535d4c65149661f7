"""Decode for the live flow: records become numbers, and texts become codes into short lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataflows.batch import Records
from dataflows.events.agents import agent_of
from dataflows.events.coding import Act, Coding, Place
from dataflows.events.decoding import Chunk, Decoding
from dataflows.events.detailed import NUMBERS
from dataflows.events.parts import Slice, framed, gathered, joined
from dataflows.events.plain import NO_METADATA, Plain, decode_plain, plain
from dataflows.events.rejects import Reject
from dataflows.events.rules import DEFAULT_RULES, Rules
from dataflows.events.scanner.scan import Scanned, left, scan
from dataflows.events.scanner.vocabulary import Texts

_DTYPES: dict[str, Any] = {
    "row": np.intp,
    "event_ms": np.int64,
    "is_tick": np.bool_,
    "id_hi": np.uint64,
    "id_lo": np.uint64,
    "student": np.uint32,
    "place": np.uint32,
    "act": np.uint32,
    "session": np.uint32,
    "position_s": np.float64,
    "duration_s": np.float64,
    "rate": np.float64,
}
_VIDEO = ["position_s", "duration_s", "rate"]
_PLAYED = [NUMBERS.index(name) for name in ("position_s", "video_duration_s", "playback_rate")]
_STUDENT, _SESSION = ("student_id",), ("session_id",)
_PLACE = ("class_id", "grade", "subject_id", "course_id", "chapter_id")
_SAYING = (
    "event_name", "event_type", "role", "hidden", "device.type", "device_type", "device.browser", "browser",
    "user_agent", "metadata.user_agent",
)  # fmt: skip

_Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Coded:
    """A decoded batch of one topic-partition.

    Attributes:
        frame: One row per accepted event and per tick, in log order:
            offset i64, append_ms i64, event_ms i64, is_tick bool, id_hi u64, id_lo u64, student u32, place u32,
            act u32, session u32, position_s f64?, duration_s f64?, rate f64?.
            `student`, `place`, `act` and `session` are indices into the lists below and mean nothing in another
            batch; in a tick's row they, and the id, are 0 and mean nothing at all (filter by `is_tick` before
            looking them up: a batch of ticks has empty lists). The last three are null unless the event's name
            begins with `video_`.
        students: Student ids.
        places: (class_id, grade, subject_id, course_id, chapter_id).
        acts: See `Act`.
        sessions: Session ids; None for events without one.
        rejects: What was turned away, in log order.
    """

    frame: pl.DataFrame
    students: list[str]
    places: list[Place]
    acts: list[Act]
    sessions: list[str | None]
    rejects: list[Reject]


def decode_coded(records: Records, rules: Rules = DEFAULT_RULES) -> Coded:
    """Decodes a batch for counting.

    Every record ends as exactly one of: a row, a tick's row, a reject. Never raises, whatever the bytes.

    Example:
        >>> value = b'{"student_id": "p1_ada", "event_name": "page_view", "timestamp": 1760000000000}'
        >>> batch = Records("clickstream_events", 0, [7], [1760000000050], [b"p1_ada"], [value])
        >>> coded = decode_coded(batch)
        >>> coded.students, coded.acts[0].event_name, coded.frame["event_ms"].to_list()
        (['p1_ada'], 'page_view', [1760000000000])
    """
    ticks = Slice(_tick_columns(records.ticks), {}, [])
    scanned = scan(records, rules, (_STUDENT, _SESSION, _PLACE, _SAYING))
    if scanned is None:
        return _coded(records, [ticks, _judged(records, rules)])
    parts = [ticks, _scanned(scanned)]
    if len(scanned.odd) > len(records.ticks) - records.ticks.count(None):
        parts.append(_judged(left(records, scanned.odd), rules, scanned.odd))
    return _coded(records, parts)


def _coded(records: Records, parts: list[Slice]) -> Coded:
    """Puts parts of a batch together, in log order."""
    whole = joined(parts, _DTYPES)
    rows = whole.columns.pop("row")
    placed = {
        "offset": np.array(records.offsets, dtype=np.int64)[rows],
        "append_ms": np.array(records.append_ms, dtype=np.int64)[rows],
    }
    frame = framed(placed | whole.columns)
    texts = {name: whole.texts.get(name, []) for name in ("student", "place", "act", "session")}
    return Coded(frame, texts["student"], texts["place"], texts["act"], texts["session"], whole.rejects)


def _judged(records: Records, rules: Rules, rows: NDArray[np.intp] | None = None) -> Slice:
    """Decodes event by event; `rows` says where the records stand in the batch that they are of."""
    decoding = Decoding(records, rules, decode_plain, plain)
    coding = Coding()
    chunks = [_columns(chunk, coding) for chunk in decoding.chunks()]
    columns = gathered(chunks, _DTYPES)
    if rows is not None:
        columns["row"] = rows[columns["row"]]
    texts = {"student": coding.students, "place": coding.places, "act": coding.acts, "session": coding.sessions}
    return Slice(columns, texts, decoding.rejects)


def _scanned(scanned: Scanned) -> Slice:
    """Returns the columns of what the scanner took."""
    said, coding = scanned.codes[_SAYING], Coding()
    acts, is_video = coding.acts_of_sayings([_saying(texts) for texts in scanned.texts[_SAYING]])
    numbers = np.where(is_video[said, None], scanned.numbers[:, _PLAYED], np.nan)
    columns: _Columns = {
        "row": scanned.rows,
        "event_ms": scanned.times,
        "is_tick": np.zeros(len(said), dtype=np.bool_),
        "id_hi": scanned.high,
        "id_lo": scanned.low,
        "student": scanned.codes[_STUDENT],
        "place": scanned.codes[_PLACE],
        "act": acts[said],
        "session": scanned.codes[_SESSION],
        **{name: numbers[:, at] for at, name in enumerate(_VIDEO)},
    }
    texts = {
        "student": [text for (text,) in scanned.texts[_STUDENT]],
        "place": scanned.texts[_PLACE],
        "act": coding.acts,
        "session": [text for (text,) in scanned.texts[_SESSION]],
    }
    return Slice(columns, texts, [])


def _saying(texts: Texts) -> str:
    """Returns what is said as `Coding` keys it, the user agent taken where nothing else says more."""
    name, event_type, role, hidden, *devices, agent_at_top, agent = texts
    parts = [devices[0] or devices[1], devices[2] or devices[3]]
    user_agent = agent or agent_at_top
    if user_agent and not all(parts):
        found = agent_of(user_agent)
        parts = [parts[0] or found.device_type, parts[1] or found.browser]
    return "\0".join(part or "" for part in (name, event_type, role, *parts, hidden))


def _columns(chunk: Chunk[Plain], coding: Coding) -> _Columns:
    events = chunk.events
    act, video = coding.acts_of(events)
    return {
        "row": chunk.rows,
        "event_ms": chunk.times,
        "is_tick": np.zeros(len(events), dtype=np.bool_),
        "id_hi": chunk.high,
        "id_lo": chunk.low,
        "student": coding.students_of(events),
        "place": coding.places_of(events),
        "act": act,
        "session": coding.sessions_of(events),
        **_playback(events, video),
    }


def _playback(events: list[Plain], video: NDArray[np.intp]) -> _Columns:
    """Returns position, duration and rate of video events; NaN where unknown."""
    out = np.full((len(_VIDEO), len(events)), np.nan)
    said = [events[row].metadata or NO_METADATA for row in video.tolist()]
    out[0, video] = np.array([metadata.position_s for metadata in said], dtype=np.float64)
    out[1, video] = np.array([metadata.video_duration_s for metadata in said], dtype=np.float64)
    out[2, video] = np.array([metadata.playback_rate for metadata in said], dtype=np.float64)
    return dict(zip(_VIDEO, out, strict=True))


def _tick_columns(ticks: list[int | None]) -> _Columns:
    rows = [row for row, tick in enumerate(ticks) if tick is not None]
    columns: _Columns = {name: np.zeros(len(rows), dtype=dtype) for name, dtype in _DTYPES.items()}
    columns |= {name: np.full(len(rows), np.nan) for name in _VIDEO}
    columns["row"] = np.array(rows, dtype=np.intp)
    columns["event_ms"] = np.array([ticks[row] for row in rows], dtype=np.int64)
    columns["is_tick"] = np.ones(len(rows), dtype=np.bool_)
    return columns
