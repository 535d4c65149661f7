from __future__ import annotations

import polars as pl
import pytest

from dataflows.batch import Records
from dataflows.events.coded import decode_coded
from dataflows.events.coding import Act
from tests.dataflows.events.batches import EVENT_ID, NOW_MS, event, records

pytestmark = pytest.mark.usefixtures("reader")

_ADA = event(class_id="7B", grade="7", subject_id="MATH", course_id="math-7", chapter_id="ch3", session_id="s1")


def test_the_frame_has_the_documented_columns() -> None:
    assert dict(decode_coded(records(_ADA)).frame.schema) == {
        "offset": pl.Int64,
        "append_ms": pl.Int64,
        "event_ms": pl.Int64,
        "is_tick": pl.Boolean,
        "id_hi": pl.UInt64,
        "id_lo": pl.UInt64,
        "student": pl.UInt32,
        "place": pl.UInt32,
        "act": pl.UInt32,
        "session": pl.UInt32,
        "position_s": pl.Float64,
        "duration_s": pl.Float64,
        "rate": pl.Float64,
    }


def test_equal_texts_share_a_code_in_order_of_appearance() -> None:
    coded = decode_coded(records(_ADA, event(student_id="p1_bob"), _ADA | {"event_name": "scroll"}))
    assert coded.students == ["p1_ada", "p1_bob"]
    assert coded.places == [("7B", "7", "MATH", "math-7", "ch3"), (None, None, None, None, None)]
    assert coded.sessions == ["s1", None]
    assert [act.event_name for act in coded.acts] == ["page_view", "scroll"]
    assert coded.frame.select("student", "place", "act", "session").rows() == [(0, 0, 0, 0), (1, 1, 0, 1), (0, 0, 1, 0)]


def test_one_student_spelt_plainly_and_oddly_has_one_code() -> None:
    odd = event(student_id=..., user_id="p1_ada", context={"class_id": "7B"}, device={"type": "mobile"})
    plain = event(class_id="7B", device={"type": "mobile", "os": "Android"})
    coded = decode_coded(records(odd, plain))
    assert coded.students == ["p1_ada"]
    assert coded.acts == [Act("student", "page_view", "mobile", None, hidden=False)]
    assert coded.frame["place"].to_list() == [0, 0]


@pytest.mark.parametrize(
    ("fields", "hidden"),
    [
        ({"event_name": "time_ping", "metadata": {"hidden": True}}, True),
        ({"event_name": "beat", "event_type": "heartbeat", "metadata": {"hidden": True}}, True),
        ({"event_name": "time_ping", "hidden": True}, True),
        ({"event_name": "time_ping", "payload": {"hidden": True}}, True),
        ({"event_name": "time_ping", "metadata": {"hidden": False}}, False),
        ({"event_name": "time_ping", "metadata": {"hidden": "true"}}, False),
        ({"event_name": "time_ping"}, False),
        ({"event_name": "scroll", "metadata": {"hidden": True}}, False),
    ],
)
def test_only_a_ping_from_a_hidden_tab_is_hidden(fields: dict[str, object], hidden: bool) -> None:
    assert decode_coded(records(event(**fields))).acts[0].hidden is hidden


def test_playback_is_read_from_video_events_only() -> None:
    playing = {"position_s": 12, "video_duration_s": 300.5, "playback_rate": 1.25}
    coded = decode_coded(
        records(
            event(event_name="video_play", metadata=playing),
            event(event_name="video_seek", payload=playing),
            event(event_name="scroll", metadata=playing),
            event(event_name="video_play"),
            event(event_name="video_play", metadata={"position_s": "12", "video_duration_s": None}),
        )
    )
    known, unknown = (12.0, 300.5, 1.25), (None, None, None)
    assert coded.frame.select("position_s", "duration_s", "rate").rows() == [
        known,
        known,
        unknown,
        unknown,
        (12, None, None),
    ]


def test_ticks_are_rows_in_log_order() -> None:
    batch = records(event(), None, event(student_id=...), None, event(student_id="p1_bob"))
    ticks = [None, NOW_MS + 1, None, NOW_MS + 3, None]
    coded = decode_coded(
        Records(batch.topic, batch.partition, batch.offsets, batch.append_ms, batch.keys, batch.values, ticks)
    )
    assert coded.frame.select("offset", "is_tick", "event_ms", "student").rows() == [
        (100, False, NOW_MS, 0),
        (101, True, NOW_MS + 1, 0),
        (103, True, NOW_MS + 3, 0),
        (104, False, NOW_MS, 1),
    ]
    assert [reject.offset for reject in coded.rejects] == [102]


def test_an_empty_batch_and_a_batch_of_ticks_have_no_codes() -> None:
    empty = decode_coded(records())
    ticks = decode_coded(Records("clickstream_events", 0, [5], [NOW_MS], [None], [None], [NOW_MS]))
    assert (empty.frame.height, ticks.frame.height) == (0, 1)
    assert empty.frame.schema == ticks.frame.schema
    assert (empty.students, ticks.students, ticks.acts) == ([], [], [])


def test_chunks_of_a_large_batch_share_their_dictionaries_and_keep_the_order() -> None:
    values = [event(student_id=f"s{i % 7}", timestamp=NOW_MS + i) for i in range(2_500)]
    values[1_500] = event(timestamp="never")
    coded = decode_coded(records(*values))
    assert coded.students == [f"s{i}" for i in range(7)]
    assert coded.frame["event_ms"].to_list() == [NOW_MS + i for i in range(2_500) if i != 1_500]
    assert [coded.students[code] for code in coded.frame["student"].to_list()[1_500:1_503]] == ["s3", "s4", "s5"]
    assert [reject.offset for reject in coded.rejects] == [1_600]


def test_the_order_of_the_halves_is_the_order_of_the_ids() -> None:
    ids = sorted(["00000000-0000-0000-ffff-ffffffffffff", EVENT_ID, "ffffffff-0000-4000-8000-000000000000"])
    halves = decode_coded(records(*(event(event_id=i) for i in ids))).frame.select("id_hi", "id_lo").rows()
    assert halves == sorted(halves)
    assert halves[0] == (0, 0xFFFF_FFFF_FFFF_FFFF)
