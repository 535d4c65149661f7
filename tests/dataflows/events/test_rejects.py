from __future__ import annotations

from typing import Any

import pytest

from dataflows.events.coded import decode_coded
from dataflows.events.full import decode_full
from dataflows.events.numbers import NUMBERS
from dataflows.events.plain import MAX_PLAIN_BYTES
from dataflows.events.rejects import Reject
from dataflows.events.rules import MAX_DEPTH, Rules
from tests.dataflows.events.batches import NOW_MS, accepted, event, records, rejected

pytestmark = pytest.mark.usefixtures("reader")


def test_a_reject_carries_its_place_in_the_log_and_its_bytes() -> None:
    batch = records(event(), b"{", event())
    expected = [
        Reject("not_json", "Input data was truncated", "clickstream_events", 3, 101, NOW_MS, b"{"),
    ]
    assert decode_full(batch).rejects == expected
    assert decode_coded(batch).rejects == expected


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"{} {}",
        b'{"a": NaN}',
        b'{"a": 1,}',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"student_id":"\xff"}',
        rb'{"student_id":"\ud800"}',
        b'{"a":1},{"b":2}',
        b'{"a":' + b"[" * 513 + b"]" * 513 + b"}",
        b'{"a":1e999,"b":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"a":%s}' % (b"9" * 5_000),
        b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        None,
    ],
)
def test_what_is_not_one_json_object_in_utf_8_is_not_json(value: bytes | None) -> None:
    assert rejected(value)[0] == "not_json"


def test_two_events_in_one_value_are_not_json() -> None:
    one = records(event()).values[0]
    assert one is not None
    assert rejected(one + b"," + one)[0] == "not_json"
    assert rejected(one + b"\n" + one)[0] == "not_json"


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"student_id": ...}, "student_id"),
        ({"student_id": ""}, "student_id"),
        ({"student_id": None}, "student_id"),
        ({"student_id": "\0"}, "student_id"),
        ({"student_id": " \u3000\ufeff"}, "student_id"),
        ({"event_name": ...}, "event_name"),
        ({"event_name": "", "event_type": ""}, "event_name"),
        ({"timestamp": ...}, "timestamp"),
        ({"timestamp": None}, "timestamp"),
        ({"timestamp": " "}, "timestamp"),
    ],
)
def test_a_missing_field_is_named(fields: dict[str, Any], detail: str) -> None:
    assert rejected(event(**fields)) == ("missing_field", detail)


@pytest.mark.parametrize(
    ("text", "fits"), [("é" * 256, True), ("😀" * 128, True), ("😀" * 129, False), ('"' + "語" * 171, False)]
)
@pytest.mark.parametrize("field", ["student_id", "chapter_id", "event_name", "video_id"])
def test_an_id_holds_as_many_bytes_as_five_of_them_may_have_in_a_key(field: str, text: str, fits: bool) -> None:
    if fits:
        accepted(event(**{field: text}))
    else:
        assert rejected(event(**{field: text})) == ("bad_type", f"{field}: longer than 512 bytes of UTF-8")


@pytest.mark.parametrize("field", ["student_id", "chapter_id", "start_time"])
def test_a_chapter_view_needs_its_student_chapter_and_start(field: str) -> None:
    view = {"student_id": "s", "chapter_id": "c", "start_time": NOW_MS}
    del view[field]
    assert rejected(view, "chapter_view_events") == ("missing_field", field)


_STRICT = [
    "event_id",
    "student_id",
    "event_name",
    "event_type",
    "timestamp",
    "role",
    "class_id",
    "grade",
    "subject_id",
    "course_id",
    "chapter_id",
    "session_id",
]


@pytest.mark.parametrize("wrong", [[], {}, ["7B"], {"id": "7B"}])
@pytest.mark.parametrize("field", _STRICT)
def test_an_array_or_object_where_an_id_or_name_belongs_is_a_bad_type(field: str, wrong: Any) -> None:
    reason, detail = rejected(event(**{field: wrong}))
    assert reason == "bad_type"
    assert detail.startswith(f"{field}: ")


@pytest.mark.parametrize("wrong", ["text", 7, True, [], [{}]])
@pytest.mark.parametrize("field", ["metadata", "context", "payload", "device"])
def test_a_part_that_is_no_object_is_a_bad_type(field: str, wrong: Any) -> None:
    if (field, wrong) == ("device", "text"):
        return
    assert rejected(event(**{field: wrong}))[0] == "bad_type"


@pytest.mark.parametrize("event_id", ["1", 1, "6f9619ff-8b86-4011-b42d-00c04fc964fg", "x" * 36, "é" * 36])
def test_an_event_id_that_is_no_uuid_is_a_bad_type(event_id: Any) -> None:
    assert rejected(event(event_id=event_id)) == ("bad_type", "event_id: not a UUID")


@pytest.mark.parametrize("field", ["student_id", "event_name", "class_id", "session_id", "role"])
def test_an_id_too_long_for_an_index_is_a_bad_type(field: str) -> None:
    assert rejected(event(**{field: "x" * 257})) == ("bad_type", f"{field}: longer than 256 characters")


@pytest.mark.parametrize(
    "timestamp",
    [
        "yesterday",
        "2016-12-31T23:58:60Z",
        "2016-12-31T23:59:60+01:00",
        "2016-12-31T23:59:61Z",
        "2016-12-31T24:00:01Z",
        "2016-12-31T24:01:00Z",
        "2016-12-31T24:00:00",
        "2016-12-31T23:59:60",
        "2025-01-26T10:30:00",
        "2025-01-26",
        "2025-02-30T10:30:00Z",
        0,
        -1,
        1_760_000_000,
        "1760000000",
        4_102_444_800_000,
        946_684_799_999,
        1e300,
        "9" * 400,
        "1999-12-31T23:59:59.999Z",
    ],
)
def test_what_is_no_time_or_has_no_offset_is_a_bad_timestamp(timestamp: Any) -> None:
    assert rejected(event(timestamp=timestamp))[0] == "bad_timestamp"


def test_an_event_ahead_of_its_append_time_is_rejected_from_the_first_millisecond_over_the_limit() -> None:
    just = decode_coded(records(event(timestamp=NOW_MS + 300_000)))
    over = decode_coded(records(event(timestamp=NOW_MS + 300_001)))
    assert just.rejects == []
    assert [(reject.reason, reject.detail) for reject in over.rejects] == [
        ("future", "300.001 s ahead of its append time")
    ]
    assert over.students == []


def test_a_value_over_the_limit_is_rejected_unread() -> None:
    fits = b"{" + b" " * 65_534 + b"}"
    assert rejected(fits) == ("missing_field", "student_id")
    assert rejected(fits + b" ") == ("too_large", "65537 bytes, 65536 are allowed")


def test_a_topic_that_nobody_knows_rejects_everything_but_ticks() -> None:
    assert rejected(event(), "grades") == ("unknown_topic", "grades")
    assert rejected(event(), "other.clickstream_events")[0] == "unknown_topic"
    with_prefix = decode_full(records(event(), topic="other.clickstream_events"), Rules(topic_prefix="other."))
    assert with_prefix.rejects == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"student_id": ..., "event_id": 1, "timestamp": "x"}, "missing_field"),
        ({"event_id": 1, "timestamp": "x"}, "bad_type"),
        ({"timestamp": "x", "metadata": 1}, "bad_type"),
        ({"timestamp": "x"}, "bad_timestamp"),
    ],
)
def test_the_first_check_that_fails_gives_the_reason(fields: dict[str, Any], reason: str) -> None:
    assert rejected(event(**fields))[0] == reason


def test_the_fast_path_leaves_alone_what_could_be_nested_too_deep() -> None:
    assert MAX_PLAIN_BYTES <= 2 * MAX_DEPTH


_DEEP = b"[" * 511 + b"]" * 511


@pytest.mark.parametrize(
    "part",
    [
        b'"x":%s,"metadata":{"x":%s}' % (_DEEP, _DEEP[1:-1]),
        b'"event_id":null,"x":%s' % _DEEP,
        b'"x":%s' % (b"9" * 4_300),
        b'"x":-%s' % (b"9" * 4_299),
        b'"metadata":{"x":1e999}',
    ],
)
def test_extreme_values_are_kept(part: bytes) -> None:
    value = b'{"student_id":"s","event_name":"video_play","timestamp":1760000000000,%s}' % part
    assert decode_full(records(value)).rejects == decode_coded(records(value)).rejects == []


@pytest.mark.parametrize("part", ["top", "metadata", "payload"])
@pytest.mark.parametrize("field", sorted(NUMBERS))
@pytest.mark.parametrize(
    "wrong",
    [b'"a lot"', b'"85 %"', b'"49,90"', b'"1_000"', b'"0x10"', b'"NaN"', b'"1e999"', b"1e999", b"true", b"[85]"]
    + [b"{}", b"9" * 400, b'"' + b"9" * 65 + b'"', '"\u0661"'.encode()],
)
def test_what_is_no_number_where_one_is_read_is_a_bad_type(part: str, field: str, wrong: bytes) -> None:
    said = b'"%s":%s' % (field.encode(), wrong)
    if part != "top":
        said = b'"%s":{%s}' % (part.encode(), said)
    value = b'{"student_id":"s","event_name":"page_view","timestamp":1760000000000,%s}' % said
    reason, detail = rejected(value)
    assert reason == "bad_type"
    assert detail.startswith(f"{field}: ")


@pytest.mark.parametrize("part", ["top", "metadata", "context"])
@pytest.mark.parametrize("field", ["lesson_id", "video_id", "assessment_id", "module", "domain", "chapter_id"])
def test_an_id_that_is_too_long_is_a_bad_type_wherever_it_stands(part: str, field: str) -> None:
    said = {field: "x" * 257}
    document = event(**said) if part == "top" else event(**{part: said})
    assert rejected(document) == ("bad_type", f"{field}: longer than 256 characters")
    said = {field: "x" * 256 + " "}
    accepted(event(**said) if part == "top" else event(**{part: said}))


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("student_id", b"9" * 4_300, "bad_type"),
        ("timestamp", b"9" * 4_300, "bad_timestamp"),
        ("timestamp", b"1e999", "bad_timestamp"),
        ("timestamp", b"-1e999", "bad_timestamp"),
        ("timestamp", b'"0001-01-01T00:00:00+23:59"', "bad_timestamp"),
        ("timestamp", b'"9999-12-31T23:59:59-23:59"', "bad_timestamp"),
        ("timestamp", b'"9999-12-31T23:59:59.9999999Z"', "bad_timestamp"),
        ("timestamp", b'"2025-01-26T10:30:00+99:99"', "bad_timestamp"),
        ("timestamp", '"\u0661\u0662"'.encode(), "bad_timestamp"),
        ("event_id", b"1e999", "bad_type"),
        ("class_id", b"9" * 257, "bad_type"),
    ],
)
def test_extreme_values_where_they_do_not_belong_are_rejected(field: str, value: bytes, reason: str) -> None:
    fields = {b"student_id": b'"s"', b"event_name": b'"n"', b"timestamp": b"1760000000000"} | {field.encode(): value}
    document = b"{" + b",".join(b'"%s":%s' % pair for pair in fields.items()) + b"}"
    assert rejected(document)[0] == reason
    assert decode_coded(records(document)).rejects == decode_full(records(document)).rejects
