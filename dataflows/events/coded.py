"""Decode for the live flow: records become numbers, and texts become codes into short lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataflows.batch import Records
from dataflows.events.coding import Act, Coding, Place
from dataflows.events.decoding import Chunk, Decoding
from dataflows.events.plain import NO_METADATA, Plain, decode_plain, plain
from dataflows.events.rejects import Reject
from dataflows.events.rules import DEFAULT_RULES, Rules

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
    decoding = Decoding(records, rules, decode_plain, plain)
    coding = Coding()
    chunks = [_tick_columns(records.ticks)]
    chunks += [_columns(chunk, coding) for chunk in decoding.chunks()]
    columns = {name: np.concatenate([chunk[name] for chunk in chunks], dtype=dtype) for name, dtype in _DTYPES.items()}
    if records.ticks:
        order = np.argsort(columns["row"], kind="stable")
        columns = {name: column[order] for name, column in columns.items()}
    rows = columns.pop("row")
    placed = {"offset": decoding.offsets[rows], "append_ms": decoding.append_ms[rows]}
    frame = pl.DataFrame(placed | columns, nan_to_null=True)
    return Coded(frame, coding.students, coding.places, coding.acts, coding.sessions, decoding.rejects)


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
