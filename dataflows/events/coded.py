"""Decode for the live flow: records become numbers, and texts become codes into short lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataflows.events.coding import Act, Coding, Place
from dataflows.events.ids import split_ids
from dataflows.events.judge import Judge
from dataflows.events.kinds import Kind
from dataflows.events.plain import NO_METADATA, Plain, decode_plain, plain
from dataflows.events.rejects import Reject
from dataflows.events.rules import DEFAULT_RULES, EARLIEST_MS, LATEST_MS, Rules
from dataflows.events.times import datetime_ms
from dataflows.kafka.batch import Records

#: Records are decoded and coded this many at a time, so that their objects are still in the cache when they are
#: read, and their memory when the next are made: a third less time than the whole batch at once.
_CHUNK = 1024

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
    return _Decoding(records, rules).coded()


class _Decoding:
    """The decoding of one batch."""

    def __init__(self, records: Records, rules: Rules) -> None:
        self._records = records
        self._judge = Judge(records, rules)
        self._max_future_ms = rules.max_future_ms
        self._append_ms = np.array(records.append_ms, dtype=np.int64)
        self._coding = Coding()
        self._rejects: list[Reject] = []

    def coded(self) -> Coded:
        chunks = [_tick_columns(self._records.ticks)]
        chunks += [self._chunk(start) for start in range(0, len(self._records.values), _CHUNK)]
        columns = {
            name: np.concatenate([chunk[name] for chunk in chunks], dtype=dtype) for name, dtype in _DTYPES.items()
        }
        if self._records.ticks:
            order = np.argsort(columns["row"], kind="stable")
            columns = {name: column[order] for name, column in columns.items()}
        self._rejects.sort(key=lambda reject: reject.offset)
        coding = self._coding
        return Coded(self._frame(columns), coding.students, coding.places, coding.acts, coding.sessions, self._rejects)

    def _chunk(self, start: int) -> _Columns:
        """Returns the columns of the events among the next records.

        Ids and times are checked in bulk; what fails is judged once more, alone, for its reason.
        """
        events, odd = _decode(self._records.values[start : start + _CHUNK], self._judge.kind)
        self._settle(events, odd, start)
        rows, kept = _kept(events, whole=not odd)
        high, low, times, wrong = self._checked(rows, kept, start)
        if wrong.size:
            self._settle(events, wrong.tolist(), start)
            rows, kept = _kept(events, whole=False)
            high, low, times, _ = self._checked(rows, kept, start)
        coding = self._coding
        act, video = coding.acts_of(kept)
        return {
            "row": rows + start,
            "event_ms": times,
            "is_tick": np.zeros(len(kept), dtype=np.bool_),
            "id_hi": high,
            "id_lo": low,
            "student": coding.students_of(kept),
            "place": coding.places_of(kept),
            "act": act,
            "session": coding.sessions_of(kept),
            **_playback(kept, video),
        }

    def _settle(self, events: list[Plain | None], odd: list[int], start: int) -> None:
        """Puts the events among the odd rows into their places; ticks and rejects are None."""
        ticks = self._records.ticks
        for row in odd:
            events[row] = None
            if ticks and ticks[start + row] is not None:
                continue
            verdict = self._judge.event(start + row)
            if isinstance(verdict, Reject):
                self._rejects.append(verdict)
            else:
                events[row] = plain(verdict)

    def _checked(
        self, rows: NDArray[np.intp], events: list[Plain], start: int
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64], NDArray[np.intp]]:
        """Returns halves of the ids, times, and the rows of those that are wrong."""
        high, low, valid = split_ids([event.event_id for event in events])
        times = _times(events)
        ahead = times - self._append_ms[rows + start] > self._max_future_ms
        return high, low, times, rows[~valid | ahead | (times < EARLIEST_MS) | (times >= LATEST_MS)]

    def _frame(self, columns: _Columns) -> pl.DataFrame:
        rows = columns.pop("row")
        placed = {
            "offset": np.array(self._records.offsets, dtype=np.int64)[rows],
            "append_ms": self._append_ms[rows],
        }
        return pl.DataFrame(placed | columns).with_columns(pl.col(_VIDEO).fill_nan(None))


def _decode(values: list[bytes | None], kind: Kind | None) -> tuple[list[Plain | None], list[int]]:
    if kind is Kind.CLICKSTREAM:
        return decode_plain(values)
    return [None] * len(values), list(range(len(values)))


def _kept(events: list[Plain | None], *, whole: bool) -> tuple[NDArray[np.intp], list[Plain]]:
    """Returns rows and events without the gaps; `whole` says that there are none."""
    if whole:
        return np.arange(len(events), dtype=np.intp), cast("list[Plain]", events)
    rows = np.array([row for row, event in enumerate(events) if event is not None], dtype=np.intp)
    return rows, [event for event in events if event is not None]


def _times(events: list[Plain]) -> NDArray[np.int64]:
    times = [event.timestamp for event in events]
    try:
        return np.array(times, dtype=np.int64)
    except TypeError:
        return np.array([t if isinstance(t, int) else datetime_ms(t) for t in times], dtype=np.int64)


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
