"""Prometheus metrics of the workers; the names are fixed in the contract.

Ages and lags are computed when they are scraped: they grow while a worker stands still, which is when they matter.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from dataflows.events.rejects import Reject
from dataflows.histogram import BulkHistogram
from dataflows.school_hours import SchoolHours

EVENTS_CONSUMED: Final = Counter("kafka_events_consumed_total", "Records read from Kafka.", ["topic", "flow"])
TICKS_CONSUMED: Final = Counter("kafka_ticks_consumed_total", "Progress ticks read from Kafka.", ["topic", "flow"])
EVENTS_REJECTED: Final = Counter("events_rejected_total", "Records refused by decode.", ["topic", "reason", "flow"])
LATE_EVENTS: Final = Counter("late_events_total", "Events that met a watermark past their window's lateness.", ["flow"])
DUPLICATES: Final = Counter("duplicate_events_total", "Records dropped because their event_id was counted.", ["flow"])
WITHHELD: Final = Counter(
    "events_withheld_total", "Consents, and events of students who have withdrawn theirs or were erased.", ["flow"]
)
SCOPES_OVER: Final = Counter(
    "activity_scopes_over_total", "Scopes of a minute that are counted as ~other: too many different ids of one kind."
)
UNSCORED: Final = Counter("quiz_attempts_unscored_total", "Quiz events without a score of 0-100.", ["topic"])
CONSUMER_LAG: Final = Gauge(
    "consumer_lag", "Records between the log's end and what was read.", ["topic", "partition", "consumer_group"]
)
WATERMARK_LAG: Final = Gauge("watermark_lag_seconds", "Wall clock minus watermark.", ["topic", "partition"])
WINDOWS_OPEN: Final = Gauge("windows_open", "Window rows that are not final.", ["flow", "task"])
SNAPSHOT_AGE: Final = Gauge("snapshot_age_seconds", "Time since the last snapshot, or since the start.", ["flow"])
DB_WRITE: Final = Histogram(
    "analytics_db_write_duration_ms",
    "Time to stage and upsert one table's rows.",
    ["table"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000),
)
DB_WRITE_FAILED: Final = Counter(
    "analytics_db_write_failures_total", "Transactions that failed; they are tried again.", ["flow"]
)
JOB_FAILING: Final = Gauge("database_job_failing", "1 where the last run of a job of TimescaleDB failed.", ["name"])
JOB_LATE: Final = Gauge("database_job_late_seconds", "How long ago a job of TimescaleDB was due to run.", ["name"])
NIGHT: Final = Gauge("nightly_success_timestamp_seconds", "When `classpulse nightly` last did all its work; 0: never.")
LATE_WAIT: Final = Gauge("late_events_wait_seconds", "How long late events wait for a nightly run that looks at them.")
VERIFY_DIFFERS: Final = Gauge("verify_differing_rows", "Rows that the last verdicts on class-days found to differ.")
SCHOOL_HOURS: Final = Gauge("school_hours", "1 within the school's hours, by its own clock, else 0.")
DELIVERY_DELAY: Final = BulkHistogram(
    "event_delivery_delay_seconds", "Event time to append time.", (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600)
)
LAKE_WRITE: Final = Histogram(
    "lake_write_duration_seconds",
    "Time to write one file of the lake, synced.",
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
)
LAKE_FAILED: Final = Counter("lake_write_failures_total", "Files of the lake that failed; they are tried again.")
LAKE_BYTES: Final = Counter("lake_written_bytes_total", "Bytes of files written.", ["zone"])
KEY_MOVES: Final = Counter(
    "student_task_moves_total", "Students seen in two tasks: a producer breaks the keying.", ["flow"]
)

examples: dict[str, str] = {}
"""The first reject of each reason that this process met: what was wrong, and where it lies."""

_watermarks_ms: dict[tuple[str, int], int] = {}
_snapshot_s: dict[str, float] = {}


def begin(flow: str) -> None:
    """Starts a flow's series at zero, so that a rate sees the first event too."""
    for counter in (LATE_EVENTS, DUPLICATES, KEY_MOVES, DB_WRITE_FAILED):
        counter.labels(flow)
    note_snapshot(flow)


def note_school_hours(hours: SchoolHours) -> None:
    """Notes the school's hours: without events inside them something is broken, outside it is only quiet."""
    SCHOOL_HOURS.set_function(lambda: float(hours.holds(datetime.now(UTC))))


def note_rejects(flow: str, rejects: list[Reject]) -> None:
    """Counts what decode refused, and keeps an example of each reason for the summary of a run."""
    for reject in rejects:
        EVENTS_REJECTED.labels(reject.topic, reject.reason, flow).inc()
        if reject.reason not in examples:
            place = f"{reject.topic}/{reject.partition}/{reject.offset}"
            examples[reject.reason] = f"{reject.detail} (at {place})"


def note_snapshot(flow: str) -> None:
    """Notes that the flow's state is being snapshot now."""
    if flow not in _snapshot_s:
        SNAPSHOT_AGE.labels(flow).set_function(lambda: time.time() - _snapshot_s[flow])
    _snapshot_s[flow] = time.time()


def note_watermarks(partition: int, marks_ms: dict[str, int]) -> None:
    """Notes how far a task's topics have come, in epoch milliseconds by topic."""
    for topic, mark in marks_ms.items():
        place = (topic, partition)
        if place not in _watermarks_ms:
            gauge = WATERMARK_LAG.labels(topic, str(partition))
            gauge.set_function(lambda place=place: time.time() - _watermarks_ms[place] / 1000)  # type: ignore[misc]
        _watermarks_ms[place] = mark
