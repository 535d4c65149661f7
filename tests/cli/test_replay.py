"""`classpulse replay`, seen from outside."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.cli.running import run, start, topic_records
from tests.waiting import until

START = 1_760_000_000_000
MINUTE = 60_000


def event(minute: float, student: str = "ada", **fields: object) -> str:
    return json.dumps(
        {"student_id": student, "event_name": "scroll", "timestamp": START + int(minute * MINUTE)} | fields
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    quiz = {"user_id": "ada", "event_type": "module_quiz_completed", "timestamp": "2025-10-09T08:54:20Z"}
    lines = [event(9, "ben"), event(3), "nope", event(5), event(1), json.dumps(quiz), '{"event_name":"x"}']
    path.write_text("\n".join(lines))
    return path


def test_everything_is_published_in_time_order_and_accounted_for(mock_kafka: str, log: Path) -> None:
    done = run("replay", log, "--format", "jsonl", servers=mock_kafka)
    assert done.returncode == 0, done.stderr
    assert "published 6 of 6 events" in done.stdout
    assert "clickstream_events: 5" in done.stdout
    assert "module_quiz_events: 1" in done.stdout
    assert "skipped 1 unreadable lines" in done.stdout
    assert "log.jsonl:3: not JSON" in done.stdout
    records = topic_records(mock_kafka, "clickstream_events")
    ada = [json.loads(record.value() or b"")["timestamp"] for record in records if record.key() == b"ada"]
    assert ada == [START + MINUTE, START + 3 * MINUTE, START + 5 * MINUTE]
    assert [record.value() for record in records if record.key() is None] == [b'{"event_name":"x"}']


def test_close_ticks_every_partition_so_that_all_is_final(mock_kafka: str, log: Path) -> None:
    done = run("replay", log, "--format", "jsonl", "--close", servers=mock_kafka)
    assert "closed with 28 ticks" in done.stdout
    for topic in ("clickstream_events", "chapter_view_events"):
        last = {record.partition(): record for record in topic_records(mock_kafka, topic)}
        assert len(last) == 4
        for record in last.values():
            assert record.headers() == [("classpulse-tick", str(START + (9 + 65) * MINUTE).encode())]


def test_keep_order_publishes_as_the_file_lies(mock_kafka: str, log: Path) -> None:
    run("replay", log, "--format", "jsonl", "--keep-order", "--topic", "lms_clickstream", servers=mock_kafka)
    records = topic_records(mock_kafka, "lms_clickstream")
    ada = [json.loads(record.value() or b"")["timestamp"] for record in records if record.key() == b"ada"]
    assert ada == [START + 3 * MINUTE, START + 5 * MINUTE, START + MINUTE, "2025-10-09T08:54:20Z"]


@pytest.mark.parametrize(("close", "ago_ms"), [(False, 0), (True, 65 * MINUTE)])
def test_as_if_now_ends_now_or_long_enough_ago_to_be_closed(
    mock_kafka: str, log: Path, close: bool, ago_ms: int
) -> None:
    before = time.time() * 1000
    run("replay", log, "--format", "jsonl", "--as-if-now", *(["--close"] if close else []), servers=mock_kafka)
    after = time.time() * 1000
    records = [record.value() for record in topic_records(mock_kafka, "clickstream_events")]
    times = [json.loads(value)["timestamp"] for value in records if value and b"timestamp" in value]
    assert before - ago_ms <= max(times) <= after - ago_ms
    assert max(times) - min(times) == 8 * MINUTE


def test_a_topic_that_is_past_the_logs_start_is_refused_with_advice(kafka: str, topic_prefix: str, log: Path) -> None:
    first = run("replay", log, "--format", "jsonl", servers=kafka, CLASSPULSE_TOPIC_PREFIX=topic_prefix)
    assert first.returncode == 0, first.stderr
    held = len(topic_records(kafka, f"{topic_prefix}clickstream_events"))
    again = run("replay", log, "--format", "jsonl", servers=kafka, CLASSPULSE_TOPIC_PREFIX=topic_prefix)
    assert again.returncode == 3
    assert f"{topic_prefix}clickstream_events: 2025-10-09 09:02:20" in again.stderr
    assert "CLASSPULSE_TOPIC_PREFIX" in again.stderr
    assert len(topic_records(kafka, f"{topic_prefix}clickstream_events")) == held


def test_a_topic_that_nobody_made_is_refused(kafka: str, topic_prefix: str, log: Path) -> None:
    done = run(
        "replay", log, "--format", "jsonl", "--topic", "clicks", servers=kafka, CLASSPULSE_TOPIC_PREFIX=topic_prefix
    )
    assert done.returncode == 3
    assert f"No such topic: {topic_prefix}clicks" in done.stderr


def test_a_log_that_starts_where_the_topics_end_is_taken(mock_kafka: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    first.write_text(event(0) + "\n" + event(4))
    second.write_text(event(4) + "\n" + event(8))
    assert run("replay", first, "--format", "jsonl", servers=mock_kafka).returncode == 0
    assert run("replay", second, "--format", "jsonl", servers=mock_kafka).returncode == 0
    assert len(topic_records(mock_kafka, "clickstream_events")) == 4


def test_speed_spreads_the_log_over_time(mock_kafka: str, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join(event(minute) for minute in (0, 1, 2)))
    done = run("replay", log, "--format", "jsonl", "--speed", "60", servers=mock_kafka)
    assert done.returncode == 0, done.stderr
    appended = [record.timestamp()[1] for record in topic_records(mock_kafka, "clickstream_events")]
    assert max(appended) - min(appended) >= 1900


def test_an_interrupt_flushes_and_reports(mock_kafka: str, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join(event(minute) for minute in (0, 0, 600)))
    process = start("replay", log, "--format", "jsonl", "--speed", "1", servers=mock_kafka)
    until(lambda: len(topic_records(mock_kafka, "clickstream_events")) == 2)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert "published 2 of 3 events" in out


def test_a_file_of_another_format_is_refused(mock_kafka: str, log: Path) -> None:
    done = run("replay", log, "--format", "moodle", servers=mock_kafka)
    assert done.returncode == 3
    assert "is no Moodle log" in done.stderr
