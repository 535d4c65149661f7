"""Own events, one a line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from dataflows.batch import Records
from dataflows.events.full import decode_full
from ingest.formats import Entry, Unreadable
from ingest.formats.jsonl import read_jsonl, topic_of

EVENTS: tuple[dict[str, object], ...] = (
    {"student_id": "ada", "event_name": "scroll", "timestamp": 1_760_000_000_000},
    {"student_id": 7, "event_type": "page_view", "timestamp": "2025-01-26T10:30:00+01:00"},
    {"user_id": "u", "event_type": "module_quiz_completed", "score": 85, "timestamp": "2025-01-26T10:30:00Z"},
    {"student_id": "ada", "chapter_id": "c", "start_time": "2025-01-26T10:00:00Z", "end_time": "2025-01-26T10:30:00Z"},
    {"student_id": "ada", "event_name": "scroll", "event_timestamp": "1760000000000"},
)


def test_each_event_goes_to_the_topic_that_its_content_names() -> None:
    assert [topic_of(event) for event in EVENTS] == [
        "clickstream_events",
        "clickstream_events",
        "module_quiz_events",
        "chapter_view_events",
        "clickstream_events",
    ]


@pytest.mark.parametrize(
    ("event_type", "topic"),
    [
        ("user_login", "user_login_events"),
        ("domain_selected", "learning_domain_selection_events"),
        ("learning_domain_selected", "learning_domain_selection_events"),
        ("diagnostic_quiz_completed", "diagnostic_quiz_events"),
        ("module_completed", "module_completion_events"),
        ("login", "clickstream_events"),
        ("quiz_action", "clickstream_events"),
    ],
)
def test_learning_events_are_told_by_their_type(event_type: str, topic: str) -> None:
    assert topic_of({"user_id": "u", "event_type": event_type}) == topic


@pytest.mark.parametrize("event", EVENTS)
def test_time_and_key_are_those_that_the_decoder_will_find(tmp_path: Path, event: dict[str, object]) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(event))
    [entry] = read_jsonl(path)
    assert isinstance(entry, Entry)
    decoded = decode_full(Records(entry.topic, 0, [0], [1_790_000_000_000], [entry.key], [entry.value])).frame
    assert decoded["event_ms"].to_list() == [entry.event_ms]
    assert decoded["student_id"].to_list() == [(entry.key or b"").decode()]


def test_unreadable_lines_are_numbered_and_values_stay_as_they_lie(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    first = b'{"student_id":  "ada", "event_name":"x","timestamp":1760000000000}'
    path.write_bytes(gzip.compress(b"\n".join([first, b"nope", b"", b"[1]", b'{"a":"\xff"}', b'{"event_name":"x"}'])))
    found = list(read_jsonl(path))
    assert [item.line for item in found if isinstance(item, Unreadable)] == [2, 4, 5]
    entries = [item for item in found if isinstance(item, Entry)]
    assert entries[0].value == first
    assert (entries[1].event_ms, entries[1].key) == (None, None)


def test_a_file_that_breaks_off_gives_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"event_name":"x"}\n' * 10_000)[:-12])
    found = list(read_jsonl(path))
    assert isinstance(found[-1], Unreadable)
    assert "breaks off" in found[-1].why
