"""`classpulse simulate`, seen from outside."""

from __future__ import annotations

import csv
import json
import signal
import time
from collections import Counter
from pathlib import Path

from tests.cli.running import run, start, topic_records
from tests.waiting import until


def test_what_it_says_is_what_the_topic_holds_and_nothing_is_ahead_of_the_clock(
    mock_kafka: str, tmp_path: Path
) -> None:
    before = time.time() * 1000
    done = run(
        "simulate", "--students", 200, "--rate", 200, "--seconds", 4, "--broken", 0, "--fast-clocks", 0, "--late", 0,
        "--write-roster", tmp_path / "roster", "--json", servers=mock_kafka,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    records = topic_records(mock_kafka, "clickstream_events")
    events = [json.loads(record.value() or b"") for record in records]
    assert len(records) == said["records"] == said["accepted"] + said["duplicates"]
    assert said["duplicates"] > 0
    unique = {event["event_id"]: event["event_name"] for event in events}
    assert Counter(unique.values()) == said["events"]
    for record, event in zip(records, events, strict=True):
        assert before <= event["timestamp"] <= record.timestamp()[1]
    assert (tmp_path / "roster" / "enrolments.csv").exists()


def test_sigterm_ends_it_with_what_was_sent(mock_kafka: str) -> None:
    process = start("simulate", "--students", 100, "--rate", 100, "--json", servers=mock_kafka)
    until(lambda: len(topic_records(mock_kafka, "clickstream_events")) > 50)
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert json.loads(out)["records"] == len(topic_records(mock_kafka, "clickstream_events"))


def test_what_a_platform_sends_beside_and_where_students_really_were(mock_kafka: str, tmp_path: Path) -> None:
    done = run(
        "simulate", "--students", 60, "--rate", 100, "--seconds", 3, "--broken", 0, "--chapter-views",
        "--learning-events", "--truth", tmp_path / "truth.csv", "--json", servers=mock_kafka,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    beside = json.loads(done.stdout)["beside"]
    assert {name: len(topic_records(mock_kafka, name)) for name in beside} == beside
    views = [json.loads(record.value() or b"") for record in topic_records(mock_kafka, "chapter_view_events")]
    with (tmp_path / "truth.csv").open() as file:
        stays = list(csv.DictReader(file))
    assert {(view["student_id"], view["chapter_id"]) for view in views} >= {
        (stay["student_id"], stay["chapter_id"]) for stay in stays
    }
    assert all(int(stay["start_ms"]) < int(stay["end_ms"]) for stay in stays)
