"""What the archive keeps of a batch, and when it writes."""

from __future__ import annotations

import base64
import json
import pickle
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.archive.flow import KeepRows, decode
from dataflows.batch import Records, TaskBatch
from dataflows.settings import Settings
from dataflows.sink.changes import Changes

NOW = 1_772_442_000_000
CLICKS, VIEWS = "clickstream_events", "chapter_view_events"
SETTINGS = Settings(_env_file=None)


def event(number: int, at_ms: int = NOW, **fields: Any) -> bytes:
    known = {
        "event_id": f"00000000-0000-4000-8000-{number:012d}",
        "student_id": "ann",
        "event_name": "scroll",
        "timestamp": at_ms,
    }
    return json.dumps(known | fields).encode()


def view(number: int) -> bytes:
    return json.dumps(
        {
            "event_id": f"00000000-0000-4000-9000-{number:012d}",
            "student_id": "ann",
            "course_id": "c",
            "chapter_id": "ch1",
            "start_time": NOW,
            "end_time": NOW + 1000,
        }
    ).encode()


def batch(
    logs: dict[str, tuple[int, list[bytes | None]]], floor: dict[str, int] | None = None, *, flush: bool = False
) -> TaskBatch:
    """Returns a batch; `logs` holds each topic's first offset and values (None: a tick)."""
    records = [
        Records(
            topic,
            0,
            list(range(first, first + len(values))),
            [NOW + 10] * len(values),
            [b"ann"] * len(values),
            values,
            [NOW if value is None else None for value in values],
        )
        for topic, (first, values) in logs.items()
        if values
    ]
    offsets = {topic: first + len(values) for topic, (first, values) in logs.items()}
    return TaskBatch(0, 1, floor or {}, records, offsets, flush, {}, "", 0)


def step(keeper: KeepRows, given_batch: TaskBatch) -> list[Changes]:
    return keeper.process(decode(given_batch, SETTINGS)).changes


def offsets_of(changes: Changes) -> list[int]:
    return changes.rows["events"]["kafka_offset"].to_list() if "events" in changes.rows else []


def test_every_event_carries_the_watermark_that_it_met_and_its_place_in_the_log() -> None:
    [changes] = step(
        KeepRows(SETTINGS), batch({CLICKS: (5, [event(1), None, event(2, NOW - 60_000), event(3, NOW + 5)])})
    )
    frame = changes.rows["events"]
    marks = frame["watermark_before"].dt.epoch("ms").to_list()
    assert frame.select("topic", "partition", "kafka_offset").rows() == [(CLICKS, 0, 5), (CLICKS, 0, 7), (CLICKS, 0, 8)]
    assert marks == [None, NOW, NOW]
    assert frame["ingested_at"].dt.epoch("ms").to_list() == [NOW + 10] * 3
    assert changes.watermarks == {CLICKS: NOW + 5}


def test_a_reject_keeps_its_bytes_its_place_and_why_and_goes_to_the_topic_too() -> None:
    payload = b'{"event_name": "scroll", \xff'
    [changes] = step(KeepRows(SETTINGS), batch({CLICKS: (7, [payload])}))
    assert "events" not in changes.rows
    [row] = changes.rows["dead_letters"].to_dicts()
    assert (row["topic"], row["partition"], row["kafka_offset"], row["reason"]) == (CLICKS, 0, 7, "not_json")
    assert base64.b64decode(row["payload"]) == payload
    [(key, value)] = changes.records["dead_letters"]
    assert key == f"{CLICKS}/0/7".encode()
    assert base64.b64decode(json.loads(value)["payload"]) == payload
    assert changes.watermarks == {}


def test_enrolments_follow_the_events() -> None:
    enrol = event(1, event_name="course_enroll", course_id="c1", class_id="7B")
    leave = event(2, NOW + 1, event_name="course_unenroll", course_id="c1")
    nowhere = event(3, event_name="course_enroll")
    [changes] = step(KeepRows(SETTINGS), batch({CLICKS: (0, [enrol, leave, nowhere])}))
    rows = changes.rows["enrolments"].select("student_id", "course_id", "class_id").rows()
    assert rows == [("ann", "c1", "7B"), ("ann", "c1", None)]
    assert changes.rows["enrolments"]["enrolled_at"].is_null().to_list() == [False, True]
    assert changes.rows["enrolments"]["left_at"].is_null().to_list() == [True, False]


def test_the_minute_of_the_last_interaction_in_each_course_is_kept() -> None:
    later, metadata = NOW + 150_000, {"hidden": True}
    events = [
        event(1, course_id="c1"),
        event(2, later, course_id="c1"),
        event(3, NOW + 200_000, course_id="c1", event_name="time_ping", metadata=metadata),
        event(4, NOW + 200_000, course_id="c1", event_name="session_end"),
        event(5, NOW + 200_000, course_id="c1", role="teacher"),
        event(6, course_id="c2", event_name="course_enroll"),
        event(7, NOW + 200_000),
        event(8, course_id="c3", event_name="time_ping"),
    ]
    [changes] = step(KeepRows(SETTINGS), batch({CLICKS: (0, list(events))}))
    rows = changes.rows["course_activity"].with_columns(pl.col("last_at").dt.epoch("ms")).rows()
    assert rows == [("ann", "c1", NOW + 120_000), ("ann", "c3", NOW)]


def test_below_the_floor_nothing_is_written_and_what_lies_beyond_it_waits() -> None:
    keeper, floor = KeepRows(SETTINGS), {CLICKS: 2, VIEWS: 1}
    # the clickstream has passed its floor, the chapter views have not
    assert step(keeper, batch({CLICKS: (0, [event(1), event(2), event(3)]), VIEWS: (0, [])}, floor, flush=True)) == []
    again = KeepRows(SETTINGS)
    again.restore(pickle.loads(pickle.dumps(keeper.state())))
    for resumed in (keeper, again):
        [changes] = step(resumed, batch({VIEWS: (0, [view(1), view(2)]), CLICKS: (3, [])}, floor, flush=True))
        assert changes.rows["events"].select("topic", "kafka_offset").rows() == [(CLICKS, 2), (VIEWS, 1)]
        assert changes.offsets == {CLICKS: 3, VIEWS: 2}


offsets = st.dictionaries(st.sampled_from(("a", "b", "c")), st.integers(0, 5), max_size=3)


@given(offsets, offsets, st.booleans())
def test_a_task_writes_only_at_a_beat_and_only_past_everything_that_the_database_holds(
    floor: dict[str, int], reached: dict[str, int], flush: bool
) -> None:
    given_batch = TaskBatch(0, 1, floor, [], reached, flush, {}, "", 0)
    if given_batch.writes:
        assert flush
        assert all(reached.get(topic, 0) >= offset for topic, offset in floor.items())
    else:
        assert not flush or any(reached.get(topic, 0) < offset for topic, offset in floor.items())


@pytest.mark.parametrize("sizes", [[1] * 12, [5, 7], [12]])
def test_any_batches_keep_the_same_rows(sizes: list[int]) -> None:
    values = [event(n, NOW + n * 1000) if n % 5 else b"nonsense" for n in range(12)]
    keeper, start, kept, rejected = KeepRows(SETTINGS), 0, list[Any](), list[int]()
    for size in sizes:
        [changes] = step(keeper, batch({CLICKS: (start, list(values[start : start + size]))}))
        kept += changes.rows["events"].rows() if "events" in changes.rows else []
        rejected += changes.rows["dead_letters"]["kafka_offset"].to_list() if "dead_letters" in changes.rows else []
        start += size
    [whole] = step(KeepRows(SETTINGS), batch({CLICKS: (0, list(values))}))
    assert kept == whole.rows["events"].rows()
    assert rejected == [0, 5, 10]
    assert len(offsets_of(whole)) == 9
