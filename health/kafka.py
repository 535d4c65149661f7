"""Kafka: does a broker answer, and are the topics what the dataflows need?"""

from __future__ import annotations

from dataflows.kafka.topics import (
    TIMESTAMP_TYPE,
    TopicError,
    TopicStatus,
    admin_client,
    cluster_metadata,
    create_or_check,
    is_mock,
)
from dataflows.settings import Settings
from health.finding import Finding, note, ok, wrong

PART = "kafka"
TIMEOUT_S = 5.0


def check(settings: Settings) -> list[Finding]:
    """Returns findings on the brokers and the topics at `KAFKA_BOOTSTRAP_SERVERS`."""
    servers = settings.kafka_bootstrap_servers
    try:
        metadata = cluster_metadata(admin_client(settings), settings, TIMEOUT_S)
    except TopicError as error:
        advice = (
            "Start it (`make services` or `make up`), or set KAFKA_BOOTSTRAP_SERVERS; a listener with TLS or SASL "
            "needs KAFKA_SECURITY_PROTOCOL and KAFKA_SASL_* too."
        )
        return [wrong(PART, "broker", f"{servers}: {_first_sentence(error)}", advice)]
    found = [ok(PART, "broker", f"{servers}: {len(metadata.brokers)} broker(s), cluster {metadata.cluster_id}")]
    if is_mock(metadata):
        return [*found, note(PART, "topics", "an in-memory mock broker: for demos and quick tests only")]
    try:
        return found + _topics(create_or_check(settings, create=False))
    except TopicError as error:
        return [*found, wrong(PART, "topics", str(error), "Give the client the right to describe topics.")]


def _topics(statuses: list[TopicStatus]) -> list[Finding]:
    missing = [status.name for status in statuses if status.state == "missing"]
    differing = [status for status in statuses if status.state == "mismatch"]
    found = [wrong(PART, status.name, status.detail, status.advice) for status in differing]
    if missing:
        found.append(wrong(PART, "topics", f"missing: {', '.join(missing)}", "Create them: `classpulse topics`."))
    if not found:
        detail = f"{len(statuses)} topics, {statuses[0].partitions} partitions each, {TIMESTAMP_TYPE}"
        found.append(ok(PART, "topics", detail))
    return found


def _first_sentence(error: Exception) -> str:
    return str(error).split(". ", 1)[0]
