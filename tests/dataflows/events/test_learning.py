"""The learning decoder: the archive's verdict and values, fast or slow, whatever the bytes."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.batch import Records
from dataflows.events import learning as module
from dataflows.events.full import decode_full
from dataflows.events.kinds import KINDS, Kind
from dataflows.events.learning import LearningFields, decode_learning
from tests.dataflows.events.batches import NOW_MS
from tests.dataflows.events.generated import json_values, values

LEARNING = [topic for topic, kind in KINDS.items() if kind is Kind.LEARNING]
SHARED = ["offset", "append_ms", "event_ms", "is_tick", "id_hi", "id_lo"]

_ids = st.sampled_from(["a", "m/3", "Früh", "x y", "0"])
_numbers = st.sampled_from([0, 12.5, 70, 85, 100, 100.5, -1, 2**53 + 1, 10**40])
_fields = {
    "event_id": st.uuids().map(str),
    "user_id": _ids,
    "timestamp": st.integers(NOW_MS - 10**9, NOW_MS) | st.sampled_from(["2025-10-09T08:53:20Z", "20251009T085320Z"]),
    "event_type": st.sampled_from(["module_quiz_completed", "module_started"]),
    "domain": _ids,
    "module": _ids,
    "score": _numbers,
    "time_taken": _numbers,
    "class_id": _ids,
    "role": st.sampled_from(["student", "teacher"]),
    "course": _ids,
    "course_id": _ids,
    "quiz_type": st.sampled_from(["diagnostic", "final"]),
}
_required = ("event_id", "user_id", "timestamp")
plain_learning = st.fixed_dictionaries(
    {name: _fields[name] for name in _required},
    optional={name: value for name, value in _fields.items() if name not in _required},
)
_ODD = [
    *_fields,
    "student_id",
    "event_name",
    "metadata",
    "context",
    "payload",
    "device",
    "grade",
    "session_id",
    "hidden",
]
_part = st.dictionaries(st.sampled_from(_ODD), json_values, max_size=3)


@st.composite
def learning_values(draw: st.DrawFn) -> bytes | None:
    """A learning event, plain or with fields gone or replaced by anything; or what `values` makes of bytes."""
    if draw(st.integers(0, 4)) == 0:
        return draw(values())
    document: dict[str, Any] = dict(draw(plain_learning))
    if draw(st.booleans()):
        document |= draw(st.dictionaries(st.sampled_from(_ODD), json_values | _part, max_size=3))
    return json.dumps(document, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


@st.composite
def batches(draw: st.DrawFn, topics: list[str]) -> Records:
    held = draw(st.lists(learning_values(), max_size=6))
    ticks: list[int | None] = []
    if draw(st.booleans()):
        ticks = [NOW_MS + i if value is None else None for i, value in enumerate(held)]
    places = range(len(held))
    return Records(
        draw(st.sampled_from(topics)), 0, [*places], [NOW_MS + i for i in places], [b"k"] * len(held), held, ticks
    )


@settings(max_examples=500, deadline=None)
@given(batches([*LEARNING, "clickstream_events", "unheard_of"]))
def test_it_accepts_what_the_archive_accepts_under_the_same_ids_and_times(batch: Records) -> None:
    learned, full = decode_learning(batch), decode_full(batch)
    assert learned.rejects == full.rejects
    assert learned.frame.select(SHARED).equals(full.frame.select(SHARED))
    assert learned.frame["user_id"].equals(full.frame["student_id"].alias("user_id"))
    assert learned.frame.select("role", "event_name", "class_id").equals(
        full.frame.select("role", "event_name", "class_id")
    )


def _all_odd(_topic: str) -> Any:
    def decode(held: list[bytes | None]) -> tuple[list[LearningFields | None], list[int]]:
        return [None] * len(held), list(range(len(held)))

    return decode


@settings(max_examples=500, deadline=None)
@given(batches(LEARNING))
def test_the_fast_path_equals_the_judges(batch: Records) -> None:
    fast = decode_learning(batch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_fast", _all_odd)
        slow = decode_learning(batch)
    assert fast.rejects == slow.rejects
    assert fast.frame.equals(slow.frame)


@settings(max_examples=100, deadline=None)
@given(st.lists(plain_learning, min_size=1, max_size=6))
def test_plain_learning_events_take_the_fast_path(events: list[dict[str, Any]]) -> None:
    decoded, odd = module._fast("module_quiz_events")(
        [json.dumps(event, ensure_ascii=False).encode() for event in events]
    )
    assert odd == [row for row, event in enumerate(events) if event["timestamp"] == "20251009T085320Z"]
    assert sum(event is None for event in decoded) == len(odd)


SAID = [
    ("module_quiz_events", {"score": 85, "course": "c1"}, {"score": 85.0, "course": "c1"}),
    ("module_quiz_events", {"score": "85"}, {"score": 85.0}),
    ("module_quiz_events", {"score": "", "time_taken": " 420.5\n"}, {"score": None, "time_taken": 420.5}),
    ("module_quiz_events", {"score": 100.5}, {"score": None}),
    ("module_quiz_events", {"course": "c1", "course_id": "c2"}, {"course": "c2"}),
    ("module_quiz_events", {"module": 7}, {"module": "7"}),
    ("module_quiz_events", {"module": "\ufeffm1 ", "domain": " dsa"}, {"module": "m1", "domain": "dsa"}),
    ("clickstream_events", {"assessment_id": "q1", "metadata": {"score": 40}}, {"module": "q1", "score": 40.0}),
    ("clickstream_events", {"assessment_id": "q1", "metadata": {"module": "m1"}}, {"module": "m1"}),
    ("clickstream_events", {"metadata": {"duration": "61.5"}}, {"time_taken": 61.5}),
    ("clickstream_events", {"metadata": {"duration": 61.5, "time_taken": 60}}, {"time_taken": 60.0}),
    ("clickstream_events", {"course_id": "c1", "metadata": {"domain": "dsa"}}, {"course": "c1", "domain": "dsa"}),
]


@pytest.mark.parametrize(("topic", "fields", "expected"), SAID)
def test_what_an_event_says(topic: str, fields: dict[str, Any], expected: dict[str, Any]) -> None:
    event = {"user_id": "u1", "event_name": "quiz_submit", "timestamp": NOW_MS} | fields
    frame = decode_learning(Records(topic, 0, [0], [NOW_MS], [b"u1"], [json.dumps(event).encode()])).frame
    assert frame.select(list(expected)).row(0, named=True) == expected


def test_a_batch_of_ticks_has_rows_without_texts() -> None:
    frame = decode_learning(Records("module_quiz_events", 0, [3], [NOW_MS], [None], [None], [NOW_MS])).frame
    assert frame.select("is_tick", "event_ms", "user_id", "score").row(0) == (True, NOW_MS, None, None)
    assert frame.schema["user_id"] == pl.String
