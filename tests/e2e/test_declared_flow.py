"""A declared flow on real Kafka and TimescaleDB: its worker is killed again and again, and its rows are exact."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from confluent_kafka import Producer

from dataflows.kafka.keys import partition_of
from tests.test_tutorial import Reader, copied

START_MS = 1_788_249_600_000  # 2026-09-01 08:00 UTC
PARTITIONS, CHUNKS, SIZE = 4, 4, 1500
COMMAND = (
    "flows new searches --filter event_name=search --key class_id --window hopping:10m:5m "
    "--aggregate searches=count --aggregate students=distinct:student_id --aggregate words=top:metadata.query:2"
)


def drawn(seed: int) -> list[dict[str, Any]]:
    """Returns a log with repeats, other events, and events minutes out of order."""
    draw = random.Random(seed)
    log: list[dict[str, Any]] = []
    for place in range(CHUNKS * SIZE):
        if log and draw.random() < 0.03:
            log.append(draw.choice(log[-200:]))
            continue
        student = draw.randrange(40)
        back_ms = draw.choice([0, 0, 0, 30_000, 400_000, 900_000])
        log.append(
            {
                "event_id": str(uuid.UUID(int=draw.getrandbits(128), version=4)),
                "event_name": draw.choice(["search", "search", "page_view"]),
                "timestamp": START_MS + place * 1000 - draw.randrange(back_ms + 1),
                "student_id": f"s{student}",
                "class_id": f"c{student % 3}",
                "metadata": {"query": draw.choice(["pi", "map", "tides"])},
            }
        )
    return log


def expected(log: list[dict[str, Any]]) -> dict[tuple[int, str], tuple[int, int, list[list[Any]]]]:
    """Returns (searches, students, words) by (start, class), by the definition."""
    marks: dict[int, int] = {}
    known: set[str] = set()
    windows: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for event in log:
        task, at = partition_of(event["student_id"].encode(), PARTITIONS), event["timestamp"]
        before = marks.get(task, -1)
        marks[task] = max(before, at)
        pane = at // 300_000 * 300_000
        first = event["event_id"] not in known
        known.add(event["event_id"])
        if first and event["event_name"] == "search" and before < pane + 300_000 + 60_000:
            for start in (pane - 300_000, pane):
                windows.setdefault((start, event["class_id"]), []).append(event)
    found = {}
    for of, events in windows.items():
        words: dict[str, int] = {}
        for event in events:
            words[event["metadata"]["query"]] = words.get(event["metadata"]["query"], 0) + 1
        ranked = [list(item) for item in sorted(words.items(), key=lambda item: (-item[1], item[0]))[:2]]
        found[of] = len(events), len({event["student_id"] for event in events}), ranked
    return found


@pytest.mark.long
def test_a_killed_worker_loses_and_repeats_nothing(
    tmp_path: Path, timescale_url: str, kafka: str, topic_prefix: str
) -> None:
    environment = {
        "DATABASE_URL": timescale_url,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "CLASSPULSE_TOPIC_PREFIX": topic_prefix,
        "CLASSPULSE_MAX_AGE_DAYS": "0",
        "CLASSPULSE_BATCH_RECORDS": "100",
        "CLASSPULSE_COMMIT_INTERVAL_S": "0.05",
        "CLASSPULSE_SNAPSHOT_INTERVAL_S": "1",
    }
    reader = Reader(copied(tmp_path), environment)
    reader.types(f"classpulse {COMMAND}")
    reader.types("classpulse migrate && classpulse topics")
    log = drawn(5)
    for number in range(CHUNKS):
        publish(kafka, f"{topic_prefix}clickstream_events", log[number * SIZE : (number + 1) * SIZE])
        if number < CHUNKS - 1:
            killed_after(reader, timescale_url, number * SIZE + SIZE // 2)
    reader.types("classpulse run searches archive --until-caught-up")
    with psycopg.connect(timescale_url) as connection:
        rows = connection.execute(
            "SELECT (extract(epoch FROM window_start) * 1000)::bigint, class_id, searches, students, words "
            "FROM searches"
        ).fetchall()
    assert {(start, of): tuple(values) for start, of, *values in rows} == expected(log)
    reader.types("classpulse rebuild searches --dry-run")


def publish(servers: str, topic: str, events: list[dict[str, Any]]) -> None:
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 5})
    for event in events:
        key = event["student_id"].encode()
        producer.produce(topic, json.dumps(event).encode(), key, partition_of(key, PARTITIONS))
    assert producer.flush(30) == 0


def killed_after(reader: Reader, url: str, records: int) -> None:
    """Runs the flow until it has committed so many records, and kills its worker."""
    command = [sys.executable, "-m", "cli.main", "run", "searches"]
    run = subprocess.Popen(command, cwd=reader.home, env=reader.environment, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while committed(url) < records:
            assert run.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        for worker in psutil.Process(run.pid).children():
            worker.kill()
    finally:
        run.terminate()
        run.wait(60)


def committed(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT coalesce(sum(o.value::bigint), 0) FROM task_progress, jsonb_each_text(offsets) o "
            "WHERE flow = 'searches'"
        ).fetchone()
    return 0 if row is None else int(row[0])
