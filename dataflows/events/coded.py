"""Decode for the live flow: records become numbers, and texts become codes into short lists."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataflows.events.ids import split_ids
from dataflows.events.judge import Judge
from dataflows.events.kinds import Kind
from dataflows.events.names import is_hidden_ping, type_of
from dataflows.events.plain import Plain, PlainDevice, decode_plain, plain
from dataflows.events.rejects import Reject
from dataflows.events.rules import DEFAULT_RULES, EARLIEST_MS, LATEST_MS, Rules
from dataflows.events.times import datetime_ms
from dataflows.kafka.batch import Records

Place = tuple[str | None, str | None, str | None, str | None, str | None]


class Act(NamedTuple):
    """Who did what on which device; `hidden` only for a ping from a tab that nobody sees."""

    role: str
    event_name: str
    device_type: str | None
    browser: str | None
    hidden: bool


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
    judge = Judge(records, rules)
    total = len(records.values)
    events = decode_plain(records.values) if judge.kind is Kind.CLICKSTREAM else [None] * total
    rejects: list[Reject] = []
    _judge_undecided(events, records, judge, rejects)
    rows, times, ids = _checked(events, records, judge, rejects)
    if rejects:
        rejects.sort(key=lambda reject: reject.offset)
    kept: list[Plain] = events if len(rows) == total else [event for event in events if event is not None]  # type: ignore[assignment]

    students, student = _student_codes(kept)
    sessions, session = _session_codes(kept)
    places, place = _place_codes(kept)
    acts, act = _act_codes(kept)
    position_s, duration_s, rate = _video(kept, acts, act)
    columns: dict[str, NDArray[Any]] = {
        "event_ms": times,
        "is_tick": np.zeros(len(rows), dtype=np.bool_),
        "id_hi": ids[0],
        "id_lo": ids[1],
        "student": student,
        "place": place,
        "act": act,
        "session": session,
        "position_s": position_s,
        "duration_s": duration_s,
        "rate": rate,
    }
    if records.ticks:
        rows, columns = _with_ticks(records.ticks, rows, columns)
    frame = pl.DataFrame(
        {
            "offset": np.array(records.offsets, dtype=np.int64)[rows],
            "append_ms": np.array(records.append_ms, dtype=np.int64)[rows],
            **columns,
        }
    ).with_columns(pl.col("position_s", "duration_s", "rate").fill_nan(None))
    return Coded(frame, students, places, acts, sessions, rejects)


def _judge_undecided(events: list[Plain | None], records: Records, judge: Judge, rejects: list[Reject]) -> None:
    """Sends every row without an event, ticks aside, through the judge."""
    if None not in events:
        return
    ticks = records.ticks or [None] * len(events)
    for row, event in enumerate(events):
        if event is None and ticks[row] is None:
            verdict = judge.event(row)
            if isinstance(verdict, Reject):
                rejects.append(verdict)
            else:
                events[row] = plain(verdict)


_Ids = tuple[NDArray[np.uint64], NDArray[np.uint64]]


def _checked(
    events: list[Plain | None], records: Records, judge: Judge, rejects: list[Reject]
) -> tuple[NDArray[np.intp], NDArray[np.int64], _Ids]:
    """Checks ids and times in bulk; what fails is judged again, alone, for its reason.

    Returns:
        Rows of the events, their times in epoch milliseconds, and the halves of their ids.
    """
    while True:
        kept = [event for event in events if event is not None]
        rows = (
            np.arange(len(events), dtype=np.intp)
            if len(kept) == len(events)
            else np.array([row for row, event in enumerate(events) if event is not None], dtype=np.intp)
        )
        high, low, valid = split_ids([event.event_id for event in kept])
        times = _times(kept)
        ahead = times - np.array(records.append_ms, dtype=np.int64)[rows]
        odd = rows[~valid | (ahead > judge.max_future_ms) | (times < EARLIEST_MS) | (times >= LATEST_MS)]
        if not odd.size:
            return rows, times, (high, low)
        for row in odd.tolist():
            verdict = judge.event(row)
            if isinstance(verdict, Reject):
                rejects.append(verdict)
                events[row] = None
            else:
                events[row] = plain(verdict)


def _times(events: list[Plain]) -> NDArray[np.int64]:
    times = [event.timestamp for event in events]
    try:
        return np.array(times, dtype=np.int64)
    except TypeError:
        return np.array([t if isinstance(t, int) else datetime_ms(t) for t in times], dtype=np.int64)


def _student_codes(events: list[Plain]) -> tuple[list[str], NDArray[np.uint32]]:
    table: defaultdict[str, int] = defaultdict(count().__next__)
    codes = [table[event.student_id] for event in events]
    return list(table), np.array(codes, dtype=np.uint32)


def _session_codes(events: list[Plain]) -> tuple[list[str | None], NDArray[np.uint32]]:
    table: defaultdict[str | None, int] = defaultdict(count().__next__)
    codes = [table[event.session_id] for event in events]
    return list(table), np.array(codes, dtype=np.uint32)


def _place_codes(events: list[Plain]) -> tuple[list[Place], NDArray[np.uint32]]:
    table: defaultdict[Place, int] = defaultdict(count().__next__)
    codes = [table[e.class_id, e.grade, e.subject_id, e.course_id, e.chapter_id] for e in events]
    return list(table), np.array(codes, dtype=np.uint32)


def _act_codes(events: list[Plain]) -> tuple[list[Act], NDArray[np.uint32]]:
    """Codes what the events say, then works out the acts for the few distinct ones."""
    table: defaultdict[Any, int] = defaultdict(count().__next__)
    codes = [
        table[
            e.role,
            e.event_name,
            e.event_type,
            e.device_type,
            e.browser,
            e.device,
            None if (metadata := e.metadata) is None else metadata.hidden,
        ]
        for e in events
    ]
    acts: defaultdict[Act, int] = defaultdict(count().__next__)
    act_of = np.array([acts[_act(*said)] for said in table], dtype=np.uint32)
    return list(acts), act_of[codes] if codes else np.zeros(0, dtype=np.uint32)


def _act(
    role: str | None,
    event_name: str,
    event_type: str | None,
    device_type: str | None,
    browser: str | None,
    device: PlainDevice | None,
    hidden: bool | None,
) -> Act:
    if device is not None:
        device_type = device.type or device_type
        browser = device.browser or browser
    is_hidden = is_hidden_ping(event_name, event_type or type_of(event_name), hidden)
    return Act(role or "student", event_name, device_type, browser, is_hidden)


def _video(
    events: list[Plain], acts: list[Act], act: NDArray[np.uint32]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Returns position, duration and rate, NaN for what is unknown or no video event."""
    out = np.full((3, len(events)), np.nan)
    is_video = np.array([a.event_name.startswith("video_") for a in acts], dtype=np.bool_)
    for row in np.flatnonzero(is_video[act]).tolist() if acts else ():
        metadata = events[row].metadata
        if metadata is not None:
            out[:, row] = (
                np.nan if metadata.position_s is None else metadata.position_s,
                np.nan if metadata.video_duration_s is None else metadata.video_duration_s,
                np.nan if metadata.playback_rate is None else metadata.playback_rate,
            )
    return out[0], out[1], out[2]


def _with_ticks(
    ticks: list[int | None], rows: NDArray[np.intp], columns: dict[str, NDArray[Any]]
) -> tuple[NDArray[np.intp], dict[str, NDArray[Any]]]:
    tick_rows = np.array([row for row, tick in enumerate(ticks) if tick is not None], dtype=np.intp)
    every = np.concatenate([rows, tick_rows])
    order = np.argsort(every, kind="stable")
    of_tick: dict[str, Any] = {
        "event_ms": np.array([tick for tick in ticks if tick is not None], dtype=np.int64),
        "is_tick": np.ones(len(tick_rows), dtype=np.bool_),
        "position_s": np.full(len(tick_rows), np.nan),
        "duration_s": np.full(len(tick_rows), np.nan),
        "rate": np.full(len(tick_rows), np.nan),
    }
    merged = {
        name: np.concatenate([column, of_tick.get(name, np.zeros(len(tick_rows), dtype=column.dtype))])[order]
        for name, column in columns.items()
    }
    return every[order], merged
