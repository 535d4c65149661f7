"""Prometheus metrics of the workers; the names are fixed in the contract."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

EVENTS_CONSUMED = Counter("kafka_events_consumed_total", "Records read from Kafka.", ["topic"])
EVENTS_REJECTED = Counter("events_rejected_total", "Records refused by decode.", ["topic", "reason"])
LATE_EVENTS = Counter("late_events_total", "Events that met a watermark past their window's lateness.", ["flow"])
DUPLICATES = Counter("duplicate_events_total", "Records dropped because their event_id was counted.", ["flow"])
CONSUMER_LAG = Gauge(
    "consumer_lag", "Records between the log's end and what was read.", ["topic", "partition", "consumer_group"]
)
WATERMARK_LAG = Gauge("watermark_lag_seconds", "Wall clock minus watermark.", ["topic", "partition"])
WINDOWS_OPEN = Gauge("windows_open", "Window rows that are not final.", ["flow", "task"])
SNAPSHOT_TIME = Gauge("snapshot_timestamp_seconds", "When the last snapshot was taken (epoch).", ["flow"])
SNAPSHOT_AGE = Gauge("snapshot_age_seconds", "Seconds since the last snapshot.", ["flow"])
DB_WRITE = Histogram(
    "analytics_db_write_duration_ms",
    "Time to stage and upsert one table's rows.",
    ["table"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000),
)
DELIVERY_DELAY = Histogram(
    "event_delivery_delay_seconds",
    "Event time to append time.",
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600),
)
KEY_MOVES = Counter("student_task_moves_total", "Students seen in two tasks: a producer breaks the keying.", ["flow"])
