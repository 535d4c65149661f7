"""How far the data are, what came late, what was rejected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.db.conftest import Database

EVENT = {"student_id": "s", "event_name": "scroll", "topic": "clickstream_events", "partition": 0}


def arrived(event_id: str, event_time: datetime, ingested: datetime, watermark: datetime | None) -> dict[str, Any]:
    times = {"event_time": event_time, "ingested_at": ingested, "watermark_before": watermark}
    return {**EVENT, "event_id": event_id, "kafka_offset": 1, **times}


def test_freshness_names_the_lowest_watermark_and_its_task(database: Database) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    database.watermark(now, task=0)
    database.watermark(now - timedelta(seconds=90), task=1)
    database.watermark(now - timedelta(seconds=30), task=2)
    database.watermark(now, flow="archive")
    rows = database.rows("SELECT * FROM data_freshness ORDER BY flow")
    assert [(r["flow"], r["as_of"], r["stalled_task"], r["tasks"]) for r in rows] == [
        ("archive", now, 0, 1),
        ("engagement", now - timedelta(seconds=90), 1, 3),
    ]
    assert 90 <= rows[1]["lag_seconds"] < 120  # by the wall clock, though this session's clock is the data's


def test_late_events_and_rejects_of_the_last_ten_minutes_are_counted_by_flow(database: Database) -> None:
    now = datetime.now(UTC)
    minute = now.replace(second=0, microsecond=0) - timedelta(hours=1)
    database.watermark(minute)
    database.watermark(minute, flow="archive")
    database.watermark(minute, flow="archive", topic="module_quiz_events")
    limit = minute + timedelta(minutes=2)
    database.put(
        "events",
        arrived("in time", minute, now, limit - timedelta(milliseconds=1)),
        arrived("late", minute, now, limit),
        arrived("late at the minute's end", minute + timedelta(seconds=59), now, limit),
        arrived("late long ago", minute, now - timedelta(minutes=11), limit),
        arrived("first", minute, now, None),
    )
    reject = {"partition": 0, "reason": "not_json"}
    database.put(
        "dead_letters",
        {**reject, "received_at": now, "topic": "clickstream_events", "kafka_offset": 1},
        {**reject, "received_at": now, "topic": "module_quiz_events", "kafka_offset": 2},
        {**reject, "received_at": now - timedelta(minutes=11), "topic": "clickstream_events", "kafka_offset": 3},
    )
    assert database.values("SELECT flow, late_events_10m, rejected_10m FROM data_freshness ORDER BY 1") == [
        ("archive", 2, 2),
        ("engagement", 2, 1),
    ]


def test_what_came_after_the_flow_had_settled_its_time_is_late_whatever_the_topic_had_told(database: Database) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    held = now.replace(second=0) - timedelta(hours=1)
    database.watermark(held - timedelta(minutes=5))
    database.watermark(held, flow="content")
    database.watermark(held - timedelta(minutes=5), flow="archive")
    database.connection.execute(
        "UPDATE task_progress SET begun = jsonb_build_object('clickstream_events', %s::bigint) "
        "WHERE flow = 'engagement'",
        (round(held.timestamp() * 1000),),
    )
    before = held - timedelta(minutes=30)
    database.put(
        "events",
        arrived("first", held - timedelta(minutes=2), now, None),
        arrived("in time", held - timedelta(minutes=1), now, before),
        arrived("second", held - timedelta(minutes=3), now, before),
        arrived("long ago", held - timedelta(minutes=3), now - timedelta(minutes=11), before),
        arrived("late by its own", held - timedelta(hours=2), now, before),
        {**arrived("elsewhere", held - timedelta(minutes=3), now, before), "partition": 1},
    )
    assert database.values("SELECT flow, late_events_10m FROM data_freshness ORDER BY 1") == [
        ("archive", 1),
        ("content", 1),
        ("engagement", 3),
    ]


def test_a_flow_that_has_not_read_anything_has_no_as_of(database: Database) -> None:
    database.put("task_progress", {"flow": "archive", "task": 0})
    assert database.values("SELECT as_of, lag_seconds, tasks FROM data_freshness WHERE flow = 'archive'") == [
        (None, None, 1)
    ]


def test_flow_status_shows_each_topic_of_a_task(database: Database) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    database.watermark(at, flow="archive", task=2, topic="a")
    database.watermark(at, flow="archive", task=2, topic="b")
    database.connection.execute("""UPDATE task_progress SET offsets = offsets || '{"c": 7}' WHERE flow = 'archive'""")
    query = "SELECT task, topic, next_offset, watermark FROM flow_status WHERE flow = 'archive' ORDER BY topic"
    assert database.values(query) == [(2, "a", 1, at), (2, "b", 1, at), (2, "c", 7, None)]
