from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from dataflows.batch import Records
from dataflows.events.coded import decode_coded
from dataflows.events.full import decode_full
from dataflows.events.numbers import NUMBERS
from dataflows.events.studied import decode_studied
from dataflows.kafka.peek import student_key
from tests.dataflows.events.batches import EVENT_ID, NOW_MS, accepted, event, records

pytestmark = pytest.mark.usefixtures("reader")


@pytest.mark.parametrize(
    "timestamp",
    [
        NOW_MS,
        float(NOW_MS),
        NOW_MS + 0.9,
        str(NOW_MS),
        "2025-10-09T08:53:20Z",
        "2025-10-09T08:53:20.000999Z",
        "2025-10-09T14:23:20+05:30",
        "2025-10-09 08:53:20+00:00",
        "2025-10-09T08:53:20+0000",
        "20251009T085320Z",
        "2025-10-09t08:53:20z",
    ],
)
def test_every_spelling_of_a_time_is_the_same_millisecond(timestamp: Any) -> None:
    assert accepted(event(timestamp=timestamp))["event_ms"] == NOW_MS


@pytest.mark.parametrize(
    "timestamp",
    [
        "2016-12-31T23:59:60Z",
        "2016-12-31T23:59:60.000Z",
        "2017-01-01T05:29:60+05:30",
        "20161231T235960Z",
        "2016-12-31T24:00:00Z",
        "2016-12-31 24:00:00.000+00:00",
        "2016-12-31T24:00Z",
        "2017-01-01T00:00:00Z",
    ],
)
def test_the_leap_second_and_the_end_of_a_day_are_the_next_midnight(timestamp: str) -> None:
    assert accepted(event(timestamp=timestamp))["event_ms"] == 1_483_228_800_000


ANN = "p1_ann\xeb"


@pytest.mark.parametrize(
    "spelling",
    [
        f" {ANN}",
        f"{ANN} ",
        f"\ufeff{ANN}",
        f"\t{ANN}\r\n",
        f"\xa0{ANN}\u3000",
        f"{ANN}\u200b",
        "p1_anne\u0308",
        f"{ANN}\0",
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("spaces", [True, False])
def test_an_id_is_one_id_however_it_is_typed(spelling: str, ascii_only: bool, spaces: bool) -> None:
    said = dict.fromkeys(["class_id", "course_id", "chapter_id", "video_id", "session_id", "role"], spelling)
    document = event(student_id=spelling, **said, metadata={"module": spelling, "domain": spelling})
    separators = (", ", ": ") if spaces else (",", ":")
    value = json.dumps(document, ensure_ascii=ascii_only, separators=separators).encode()
    row = accepted(value)
    assert {row[name] for name in ("student_id", *said)} == {ANN}
    assert row["metadata"] == {"module": ANN, "domain": ANN}
    assert student_key(json.loads(value)) == ANN.encode()
    for batch in (records(value), records(value, json.dumps(event()).encode())):
        coded, studied = decode_coded(batch), decode_studied(batch)
        assert coded.students[0] == studied.students[0] == ANN
        assert coded.places[0][0] == studied.places[0].class_id == ANN
        assert coded.sessions[0] == studied.sessions[0] == ANN


def test_blanks_inside_an_id_are_its_own() -> None:
    assert accepted(event(student_id="Ann  Lee"))["student_id"] == "Ann  Lee"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("85", 85),
        ("49.90", 49.9),
        (" 600 ", 600),
        ("+5", 5),
        ("-0.5", -0.5),
        (".5", 0.5),
        ("5.", 5),
        ("1e2", 100.0),
        ("007", 7),
    ],
)
@pytest.mark.parametrize("part", ["top", "metadata", "payload"])
@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_a_number_in_quotes_is_the_number_for_every_decoder(name: str, part: str, text: str, number: float) -> None:
    def said(value: object) -> Records:
        return records(event(event_name="video_play", **({name: value} if part == "top" else {part: {name: value}})))

    quoted, bare = said(text), said(number)
    row = decode_full(quoted).frame.row(0, named=True)
    assert json.loads(row["metadata"]) == {name: number}
    assert decode_coded(quoted).frame.equals(decode_coded(bare).frame)
    assert np.array_equal(decode_studied(quoted).numbers, decode_studied(bare).numbers, equal_nan=True)


@pytest.mark.parametrize("nothing", ["", " ", None])
def test_a_blank_number_is_none(nothing: str | None) -> None:
    assert accepted(event(metadata={"score": nothing}))["metadata"] == {"score": None}


@pytest.mark.parametrize("spelling", [EVENT_ID, EVENT_ID.upper(), EVENT_ID.replace("-", "")])
def test_an_event_id_is_kept_in_its_canonical_form(spelling: str) -> None:
    row = accepted(event(event_id=spelling))
    assert row["event_id"] == EVENT_ID
    assert (row["id_hi"] << 64 | row["id_lo"]) == int(EVENT_ID.replace("-", ""), 16)


@pytest.mark.parametrize("absent", [..., None, ""])
def test_an_event_without_an_id_gets_one_from_its_content(absent: Any) -> None:
    one = accepted(event(event_id=absent))["event_id"]
    assert one == accepted(event(event_id=absent))["event_id"]
    assert one[14] == "5"
    assert one != accepted(event(event_id=absent, class_id="7B"))["event_id"]


def test_a_derived_id_does_not_depend_on_the_order_of_fields_or_the_name_of_the_topic() -> None:
    document = event(event_id=...)
    turned = dict(reversed(document.items()))
    assert accepted(document)["event_id"] == accepted(turned, "lms_clickstream")["event_id"]


def test_user_id_stands_for_student_id() -> None:
    assert accepted(event(student_id=..., user_id="u1"))["student_id"] == "u1"


def test_student_id_wins_over_user_id_which_stays_in_the_metadata() -> None:
    row = accepted(event(user_id="u1"))
    assert (row["student_id"], row["metadata"]) == ("p1_ada", {"user_id": "u1"})


def test_an_event_type_alone_is_the_name() -> None:
    row = accepted(event(event_name=..., event_type="quiz_submit"))
    assert (row["event_name"], row["event_type"]) == ("quiz_submit", "quiz_action")


@pytest.mark.parametrize(
    ("name", "event_type"),
    [
        ("page_view", "page_view"),
        ("button_click", "click"),
        ("time_ping", "heartbeat"),
        ("video_rewind", "video_event"),
        ("quiz_start", "quiz_action"),
        ("assignment_submit", "assignment"),
        ("session_end", "session"),
        ("course_enroll", "course"),
        ("lesson_complete", "lesson"),
        ("forum_post", "forum"),
        ("badge_opened", "click"),
    ],
)
def test_the_type_follows_from_the_name_where_it_is_absent(name: str, event_type: str) -> None:
    assert accepted(event(event_name=name))["event_type"] == event_type


def test_a_given_type_is_kept() -> None:
    assert accepted(event(event_name="badge_opened", event_type="forum"))["event_type"] == "forum"


@pytest.mark.parametrize(("value", "text"), [(7, "7"), (7.0, "7"), (7.5, "7.5"), (True, "true"), ("7\0B", "7B")])
def test_scalars_become_text(value: Any, text: str) -> None:
    row = accepted(event(class_id=value, student_id=value, lesson_id=value))
    assert (row["class_id"], row["student_id"], row["lesson_id"]) == (text, text, text)


def test_empty_ids_are_unknown() -> None:
    row = accepted(event(class_id="", role="", device_type="", metadata={}))
    assert (row["class_id"], row["role"], row["device_type"], row["metadata"]) == (None, "student", None, None)


@pytest.mark.parametrize(
    "spelling",
    [
        {"device": {"type": "tablet", "os": "iOS", "browser": "Safari"}},
        {"device_type": "tablet", "os": "iOS", "browser": "Safari"},
        {"metadata": {"device": {"type": "tablet", "os": "iOS", "browser": "Safari"}}},
        {"metadata": {"device_type": "tablet", "os": "iOS", "browser": "Safari"}},
        {"context": {"device": {"type": "tablet"}, "os": "iOS"}, "browser": "Safari"},
        {"device": "tablet", "os": "iOS", "payload": {"browser": "Safari"}},
    ],
)
def test_a_device_is_found_wherever_it_stands(spelling: dict[str, Any]) -> None:
    row = accepted(event(**spelling))
    assert (row["device_type"], row["os"], row["browser"], row["metadata"]) == ("tablet", "iOS", "Safari", None)


@pytest.mark.parametrize("part", ["context", "payload", "metadata"])
def test_ids_are_lifted_from_the_parts_and_the_rest_becomes_metadata(part: str) -> None:
    row = accepted(event(**{part: {"class_id": "7B", "course_id": "c", "video_id": "v", "colour": "red"}}))
    assert (row["class_id"], row["course_id"], row["video_id"]) == ("7B", "c", "v")
    assert row["metadata"] == {"colour": "red"}


def test_a_grade_in_a_payload_is_a_mark_and_no_school_year() -> None:
    row = accepted(event(payload={"grade": 85}))
    assert (row["grade"], row["metadata"]) == (None, {"grade": 85})
    assert accepted(event(context={"grade": 7}))["grade"] == "7"


def test_the_top_level_wins_and_what_loses_is_kept() -> None:
    row = accepted(event(course_id="top", context={"course_id": "nested"}, metadata={"course_id": "inner"}))
    assert row["course_id"] == "top"
    assert row["metadata"] == {"course_id": "inner", "context.course_id": "nested"}


def test_unknown_fields_are_kept_in_the_metadata() -> None:
    row = accepted(event(colour="red", nested={"a": [1, None]}, metadata={"query": "x"}))
    assert row["metadata"] == {"query": "x", "colour": "red", "nested": {"a": [1, None]}}


@pytest.mark.parametrize("field", ["lesson_id", "video_id", "assessment_id", "page_url", "os", "country_code"])
def test_a_wrong_type_in_any_other_field_moves_to_the_metadata(field: str) -> None:
    row = accepted(event(**{field: {"odd": 1}}))
    assert (row[field], row["metadata"]) == (None, {field: {"odd": 1}})


@pytest.mark.parametrize("part", ["top", "context", "payload", "metadata", "device"])
def test_an_ip_address_is_stored_nowhere(part: str) -> None:
    address = {"ip_address": "192.0.2.7", "ip": "192.0.2.7"}
    row = accepted(event(**address) if part == "top" else event(**{part: address}))
    assert "192.0.2.7" not in str(row)


def test_nul_characters_are_removed_everywhere_and_backslashes_are_not() -> None:
    row = accepted(event(session_id="a\0b", metadata={"k\0ey": "a\0b", "path": "C:\\u0000"}))
    assert (row["session_id"], row["metadata"]) == ("ab", {"key": "ab", "path": "C:\\u0000"})


def test_numbers_too_large_for_a_double_are_kept() -> None:
    value = b'{"student_id":"s","event_name":"n","timestamp":1760000000000,"x":1e999,"y":%s}' % (b"9" * 40)
    assert accepted(value)["metadata"] == {"x": "1e999", "y": int("9" * 40)}


def test_the_country_is_found_in_a_location() -> None:
    assert accepted(event(metadata={"location": {"country_code": "IN", "city": "Pune"}}))["country_code"] == "IN"


def test_learning_events_keep_what_has_no_column_in_the_metadata() -> None:
    document = {"user_id": "u", "domain": "dsa", "course": "c1", "module": "m1", "score": 85, "timestamp": NOW_MS}
    row = accepted(document, "diagnostic_quiz_events")
    assert (row["student_id"], row["course_id"], row["event_name"]) == ("u", "c1", "diagnostic_quiz_completed")
    assert row["metadata"] == {"domain": "dsa", "module": "m1", "score": 85}
