"""What routing and refusing know of an event is what the decoders will find."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.batch import Records
from dataflows.events.full import decode_full
from dataflows.kafka.peek import event_time_ms, shift, student_key, time_ms

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(900_000_000_000, 4_200_000_000_000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "ada", "2025-01-26T10:30:00Z", "2025-01-26T10:30:00", "1760000000000", "29/02/18", "\0"]),
    st.datetimes().map(lambda moment: moment.isoformat() + "+02:00"),
)
TOPICS = ("clickstream_events", "chapter_view_events", "module_quiz_events")


@settings(deadline=None, max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from(["student_id", "user_id", "timestamp", "event_timestamp", "start_time"]), scalars, min_size=1
    ),
    st.sampled_from(TOPICS),
)
def test_time_and_student_are_those_of_the_decoder(event: dict[str, Any], topic: str) -> None:
    full = {"event_name": "scroll", "chapter_id": "c", **event}
    value = json.dumps(full).encode()
    frame = decode_full(Records(topic, 0, [0], [4_102_444_800_000], [None], [value])).frame
    if frame.height:
        assert student_key(full) == frame["student_id"][0].encode()
        own = event_time_ms(full, topic)
        # a learning event without a time takes its append time
        assert own == frame["event_ms"][0] or (own is None and topic == "module_quiz_events")
    elif student_key(full):
        assert event_time_ms(full, topic) is None


@given(st.integers(1_000_000_000_000, 3_000_000_000_000), st.integers(-(10**11), 10**11))
def test_a_moved_time_keeps_its_form_and_its_distance(ms: int, by: int) -> None:
    iso = "2025-01-26T10:30:00.123+05:00"
    event: dict[str, Any] = {"timestamp": ms, "event_timestamp": str(ms), "start_time": iso, "end_time": "never"}
    shift(event, by)
    assert event["timestamp"] == ms + by
    assert event["event_timestamp"] == str(ms + by)
    assert time_ms(event["start_time"]) == (time_ms(iso) or 0) + by
    assert event["end_time"] == "never"
