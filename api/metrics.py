"""Prometheus metrics of the gateway."""

from __future__ import annotations

from collections import Counter as Tally
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from api.ingest.entry import Entry

REQUESTS: Final = Counter("gateway_requests_total", "Requests that bring events.", ["route", "status"])
EVENTS: Final = Counter("gateway_events_total", "Events by what became of them.", ["status"])
REJECTED: Final = Counter("gateway_rejected_total", "Events that were refused.", ["reason"])
ACK: Final = Histogram(
    "gateway_ack_seconds",
    "From a request's last byte to its answer, where events were acknowledged.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
SPOOLED: Final = Gauge("gateway_spool_events", "Acknowledged events that Kafka does not have yet.")
SPOOL_BYTES: Final = Gauge("gateway_spool_bytes", "Bytes of the spool on disk.")
SPOOL_LIMIT: Final = Gauge("gateway_spool_limit_bytes", "Bytes that the spool may take.")
SPOOL_AGE: Final = Gauge("gateway_spool_oldest_seconds", "Age of the oldest event on the spool, by its event time.")
KAFKA_AWAY: Final = Gauge("gateway_kafka_away", "1 while events go to the spool, else 0.")
DAMAGED: Final = Counter("gateway_spool_damaged_total", "Records of the spool that could not be read back.")
TICKING: Final = Gauge("gateway_ticking", "1 on the instance that writes ticks, else 0.")
QUESTIONS: Final = Counter("gateway_questions_total", "Questions that the answers asked the database.", ["query"])
LISTENERS: Final = Gauge("gateway_listeners", "Who listens to /engagement/stream.")

for status in ("ok", "spooled", "duplicate", "rejected", "retry", "withheld"):
    EVENTS.labels(status)


def note_results(entries: list[Entry]) -> None:
    """Counts what became of a request's events."""
    for status, count in Tally(entry.status or "" for entry in entries).items():
        EVENTS.labels(status).inc(count)
    for reason, count in Tally(entry.reason for entry in entries if entry.reason).items():
        REJECTED.labels(reason).inc(count)
