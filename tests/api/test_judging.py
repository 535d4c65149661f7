"""The gate judges as the flows do: what it takes, every decoder takes, under the same id and the same student."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.ingest.clock import Clocks
from api.ingest.entry import Entry
from api.ingest.ids import RecentIds, uuid7
from api.ingest.judging import Gate
from api.ingest.kinds import NAMES, topic_within
from api.ingest.pseudonyms import Pseudonymiser
from dataflows.batch import Records
from dataflows.events.coded import decode_coded
from dataflows.events.full import decode_full
from dataflows.events.kinds import KINDS, Kind
from dataflows.events.learning import decode_learning
from dataflows.events.rules import DEFAULT_RULES
from ingest.formats.jsonl import topic_of

NOW = time.time_ns() // 1_000_000
ID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"


def judged(value: Any, topic: str = "clickstream_events", gate: Gate | None = None, **more: Any) -> Entry:
    """Judges one document, or raw bytes."""
    entry = Entry(value if isinstance(value, bytes) else json.dumps(value).encode())
    of = topic_of if topic == "clickstream_events" else lambda document: topic_within(topic, document)
    (gate or Gate(DEFAULT_RULES, Clocks().change)).judge([entry], of, NOW, topic, **more)
    return entry


def stored(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(entry.value)
    return found


texts = st.one_of(st.text(max_size=8), st.sampled_from(["ann", " ann ", "7B", "", "\0", "Zoe\u0308", "x" * 257]))
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), texts)
anything = st.recursive(scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2))
times = st.one_of(st.integers(NOW - 10**9, NOW + 10**6), st.sampled_from(["2026-11-30T10:00:00Z", NOW, "x", 5, None]))
fields = {
    "event_id": st.one_of(st.sampled_from([ID, ID.upper(), ID.replace("-", ""), "7", "", None]), anything),
    "student_id": st.one_of(st.just("ann"), anything),
    "user_id": anything,
    "event_name": st.one_of(st.sampled_from(["page_view", "video_play", "quiz_submit"]), anything),
    "event_type": st.one_of(st.sampled_from(["module_quiz_completed", "user_login", "click"]), anything),
    "timestamp": st.one_of(times, anything),
    "start_time": times,
    "chapter_id": anything,
    "class_id": anything,
    "score": anything,
    "module": anything,
    "metadata": st.one_of(st.none(), st.dictionaries(st.sampled_from(["score", "a", "device"]), anything, max_size=2)),
    "sent_at": st.one_of(times, anything),
    "age_ms": anything,
}
documents = st.fixed_dictionaries({}, optional=fields)


@given(documents, st.sampled_from(sorted(KINDS)), st.booleans(), st.integers(-3000, 3000))
@settings(max_examples=150, deadline=None)
def test_what_the_gate_takes_every_flow_takes_under_the_same_id(
    document: dict[str, Any], topic: str, edge: bool, broker_ms: int
) -> None:
    gate = Gate(DEFAULT_RULES, Clocks().change, Pseudonymiser(b"0123456789abcdef") if edge else None)
    try:
        value = msgspec.json.encode(document)
    except (OverflowError, UnicodeEncodeError):
        value = json.dumps(document).encode()
    entry = judged(value, topic, gate)
    assert entry.status in {None, "rejected"}
    if entry.status == "rejected":
        assert entry.reason and entry.detail
        return
    records = Records(entry.topic, 0, [7], [NOW + broker_ms], [entry.key], [entry.value])
    full = decode_full(records)
    assert full.rejects == []
    row = full.frame.row(0, named=True)
    assert row["event_id"] == entry.event_id
    assert row["student_id"].encode() == entry.key
    assert row["event_ms"] == entry.event_ms
    kind = KINDS[entry.topic]
    if kind is Kind.CLICKSTREAM:
        assert decode_coded(records).rejects == []
    if kind is Kind.LEARNING:
        assert decode_learning(records).rejects == []


@given(st.binary(max_size=60))
@settings(max_examples=50, deadline=None)
def test_any_bytes_are_taken_or_refused_with_a_reason(value: bytes) -> None:
    assert judged(value).status in {None, "rejected"}


def test_a_plain_event_is_stored_byte_for_byte() -> None:
    event = {"event_id": ID, "student_id": "ann", "event_name": "page_view", "timestamp": NOW, "own": [1, 2]}
    value = json.dumps(event, indent=1).encode()
    entry = judged(value)
    assert (entry.value, entry.event_id, entry.key, entry.event_ms) == (value, ID, b"ann", NOW)
    assert (entry.topic, entry.rank) == ("clickstream_events", 2)


def test_an_event_without_a_time_has_that_of_its_receipt_and_says_so() -> None:
    entry = judged({"student_id": "ann", "event_name": "page_view", "metadata": {"a": 1}})
    assert stored(entry)["timestamp"] == NOW
    assert stored(entry)["metadata"] == {"a": 1, "timestamp_from": "receipt"}
    assert entry.event_id[14] == "7"
    assert judged({"student_id": "ann", "event_name": "page_view"}).event_id != entry.event_id


def test_an_event_with_a_time_and_no_id_has_the_id_that_the_flows_would_give_it() -> None:
    event = {"student_id": "ann", "event_name": "page_view", "timestamp": NOW}
    entry = judged(event)
    bare = Records("clickstream_events", 0, [7], [NOW], [b"ann"], [json.dumps(event).encode()])
    assert decode_full(bare).frame["event_id"].to_list() == [entry.event_id]
    assert judged(event).event_id == entry.event_id, "sent again it is known"


@pytest.mark.parametrize(
    ("event", "reason", "field"),
    [
        ({"event_name": "page_view"}, "missing_field", "student_id"),
        ({"student_id": "a"}, "missing_field", "event_name"),
        ({"student_id": [], "event_name": "x"}, "bad_type", "student_id"),
        ({"student_id": "a", "event_name": "x", "event_id": "7"}, "bad_type", "event_id"),
        ({"student_id": "a", "event_name": "x", "timestamp": "soon"}, "bad_timestamp", "timestamp"),
        ({"student_id": "a", "event_name": "x", "score": "much"}, "bad_type", "score"),
        ({"student_id": "a", "event_name": "x", "timestamp": NOW + 299_000}, "future", None),
        (b"{", "not_json", None),
        (b"7", "not_json", None),
        (b'{"student_id":"a","event_name":"' + b"x" * 70_000 + b'"}', "too_large", None),
        (b'{"a":' + b"[" * 600 + b"]" * 600 + b"}", "not_json", None),
    ],
)
def test_what_is_refused_says_why_and_where(event: Any, reason: str, field: str | None) -> None:
    result = judged(event).result()
    assert (result["status"], result["reason"], result.get("field")) == ("rejected", reason, field)
    assert result["detail"]


def test_a_refused_event_is_named_by_its_own_id() -> None:
    assert judged({"event_id": ID.upper(), "event_name": "x"}).result()["id"] == ID


@pytest.mark.parametrize(
    ("event", "topic"),
    [
        ({"event_type": "module_quiz_completed", "user_id": "a", "module": "m", "score": 5}, "module_quiz_events"),
        ({"chapter_id": "c", "student_id": "a", "start_time": NOW}, "chapter_view_events"),
        ({"event_name": "scroll", "student_id": "a"}, "clickstream_events"),
    ],
)
def test_what_is_tracked_goes_to_the_topic_that_its_content_names(event: Any, topic: str) -> None:
    assert judged(event).topic == topic


def test_a_quiz_that_says_it_is_diagnostic_is() -> None:
    quiz = {"user_id": "a", "module": "m", "score": 5, "quiz_type": "diagnostic"}
    assert judged(quiz, NAMES["quiz"]).topic == "diagnostic_quiz_events"


def test_at_the_edge_a_students_id_is_replaced_under_every_name_and_is_nowhere() -> None:
    gate = Gate(DEFAULT_RULES, Clocks().change, Pseudonymiser(b"0123456789abcdef"))
    one = judged({"student_id": "ann", "user_id": "ann", "event_name": "x"}, gate=gate)
    plain = {"event_id": ID, "student_id": "ann", "event_name": "page_view", "timestamp": NOW}
    other = judged(plain, gate=gate)
    assert one.key == other.key == stored(one)["student_id"].encode() == stored(one)["user_id"].encode()
    assert b"ann" not in one.value + other.value + one.key
    assert judged({"student_id": "bob", "event_name": "x"}, gate=gate).key != one.key
    other_key = Gate(DEFAULT_RULES, Clocks().change, Pseudonymiser(b"fedcba9876543210"))
    assert judged(plain, gate=other_key).key != one.key


def test_recent_ids_are_bounded_and_by_topic() -> None:
    recent = RecentIds(10)
    ids = [uuid7(NOW) for _ in range(100)]
    for each in ids:
        recent.add("clickstream_events", each)
        assert len(recent) <= 10
        assert recent.knows("clickstream_events", each.upper())
        assert not recent.knows("module_quiz_events", each)
    assert recent.knows("clickstream_events", ids[-5])
    assert not recent.knows("clickstream_events", ids[0])
