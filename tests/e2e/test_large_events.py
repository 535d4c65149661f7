"""Batches are bounded in bytes: large events, of which there are many, take no more memory than small ones."""

from __future__ import annotations

import json
import os
import time
import uuid
from pathlib import Path

import psutil
import psycopg
from confluent_kafka import Producer

from tests.e2e.harness import stack

EVENTS = int(os.environ.get("CLASSPULSE_LARGE_EVENTS", "3000"))
MOST_MB = 600
"""Of all processes of the worker together; 3,100 and growing with the log before there was a bound."""


def test_large_events_do_not_take_the_memory_of_the_archive(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        producer = Producer({"bootstrap.servers": kafka, "queue.buffering.max.kbytes": 65_536})
        now = int(time.time() * 1000)
        for n in range(EVENTS):
            body = {"event_id": str(uuid.uuid4()), "student_id": f"s{n}", "event_name": "scroll", "timestamp": now}
            value = json.dumps(body | {"metadata": {"note": "x" * 60_000}}).encode()
            while True:
                try:
                    producer.produce(here.topic(), value, b"k", 0)
                    break
                except BufferError:
                    producer.poll(0.1)
        assert producer.flush(120) == 0
        worker, peak = here.start("run", "archive", "--until-caught-up"), 0
        while worker.running:
            peak = max(peak, _rss_mb(worker.process.pid))
            time.sleep(0.05)
        assert worker.wait() == 0, worker.output[-3000:]
        with psycopg.connect(here.database) as connection:
            assert connection.execute("SELECT count(*) FROM events").fetchone() == (EVENTS,)
        print(f"{EVENTS} events of 60 KB: at most {peak} MB")
        assert peak < MOST_MB


def _rss_mb(pid: int) -> int:
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
    return total >> 20
