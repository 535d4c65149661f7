"""What a running worker tells Prometheus: every name of the contract, with values that are true."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
import uuid
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.dataflows.kafka.reading import write
from tests.dataflows.sink.writing import rows
from tests.e2e.harness import stack, wait_until

MINUTE = 60_000
Samples = dict[str, list[tuple[dict[str, str], float]]]

NAMES = {
    "kafka_events_consumed_total": {"topic"},
    "kafka_ticks_consumed_total": {"topic", "flow"},
    "analytics_db_write_failures_total": {"flow"},
    "school_hours": set[str](),
    "consumer_lag": {"topic", "partition", "consumer_group"},
    "analytics_db_write_duration_ms_bucket": {"table"},
    "event_freshness_seconds_bucket": set[str](),
    "event_delivery_delay_seconds_bucket": set[str](),
    "late_events_total": {"flow"},
    "events_rejected_total": {"topic", "reason"},
    "watermark_lag_seconds": {"topic", "partition"},
    "windows_open": {"flow"},
    "snapshot_age_seconds": {"flow"},
}
OF_ARCHIVE = NAMES.keys() - {"windows_open"}


def two_ports() -> int:
    """Returns a free port with a free one after it."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port = int(first.getsockname()[1])
            try:
                socket.create_server(("127.0.0.1", port + 1)).close()
            except OSError:
                continue
            return port


def scrape(port: int) -> Samples:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def value(samples: Samples, name: str, **labels: str) -> float:
    """Returns the sum of the samples that have these labels."""
    return sum(number for its, number in samples.get(name, []) if labels.items() <= its.items())


def event(at_ms: int, student: str = "ann") -> bytes:
    return json.dumps(
        {"event_id": str(uuid.uuid4()), "student_id": student, "event_name": "scroll", "timestamp": at_ms}
    ).encode()


def test_a_worker_serves_every_metric_of_the_contract(
    kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    port, now = two_ports(), round(time.time() * 1000)
    with stack(kafka, postgres_url, topic_prefix, tmp_path) as here:
        here.start("run", "engagement", "archive", "--metrics-port", str(port))
        wait_until(lambda: claimed(here.database, 8), "both flows have claimed their tasks")
        topic = here.topic()
        live = [event(now - 2_000), event(now - 1_000), event(now - 10 * MINUTE, "late"), b"{"]
        write(kafka, topic, live)
        write(kafka, topic, [None], tick=str(now).encode())
        for flow in ("engagement", "archive"):
            here.wait_for_offset(5, flow)
        engagement, archive = scrape(port), scrape(port + 1)
        for samples, names in ((engagement, NAMES.keys()), (archive, OF_ARCHIVE)):
            for name in names:
                assert name in samples, f"{name} is missing"
                assert all(its.keys() >= NAMES[name] for its, _ in samples[name])
        for samples in (engagement, archive):
            assert value(samples, "kafka_events_consumed_total", topic=topic) == 5
            assert value(samples, "kafka_ticks_consumed_total", topic=topic) == 1
            assert value(samples, "analytics_db_write_failures_total") == 0
            assert value(samples, "events_rejected_total", topic=topic, reason="not_json") == 1
            assert value(samples, "event_freshness_seconds_bucket", le="+Inf") == 3
            assert value(samples, "event_delivery_delay_seconds_bucket", le="+Inf") == 3
            assert value(samples, "event_delivery_delay_seconds_bucket", le="300") == 2
            assert value(samples, "consumer_lag", topic=topic, partition="0") == 0
            assert 0 < value(samples, "watermark_lag_seconds", topic=topic, partition="0") < 120
        assert value(engagement, "late_events_total", flow="engagement") == 1
        assert value(engagement, "windows_open", flow="engagement") > 0
        assert value(engagement, "analytics_db_write_duration_ms_count", table="activity_windows") > 0
        assert value(archive, "analytics_db_write_duration_ms_count", table="events") > 0
        assert any(name.startswith("bytewax_") for name in engagement)

        lag = value(engagement, "watermark_lag_seconds", topic=topic, partition="0")
        wait_until(
            lambda: value(scrape(port), "watermark_lag_seconds", topic=topic, partition="0") > lag + 1,
            "the lag grows while nothing comes",
        )
        assert value(scrape(port), "snapshot_age_seconds", flow="engagement") < 10  # one a second in this stack


def claimed(database: str, tasks: int) -> bool:
    return rows(database, "SELECT count(*) FROM task_progress") == [(tasks,)]
