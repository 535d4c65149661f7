"""A clock that runs ahead closes nobody else's windows."""

from __future__ import annotations

import json
import random
import time
import uuid
from pathlib import Path

from tests.e2e.harness import stack
from tests.e2e.log import close, read_topic
from tests.e2e.school import Message, publish
from tests.e2e.tables import assert_holds, dump
from tests.oracle.engagement import expect

CLIENTS = 5_000
AHEAD_MS = 5 * 60_000


def test_one_client_of_5000_whose_clock_is_five_minutes_fast_makes_nobody_late(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    rng = random.Random(5)
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        for _ in range(3):
            now = time.time_ns() // 1_000_000
            ages = [(client, rng.randrange(20_000)) for client in range(1, CLIENTS)]
            round_ = [view(0, now + AHEAD_MS), *(view(client, now - age) for client, age in ages)]
            publish(kafka, here.topic(), round_)
        close(kafka, here.topic(), time.time_ns() // 1_000_000)
        here.catch_up()
        records = read_topic(kafka, here.topic())
        expected = expect(records)
        assert (expected.late, len(expected.dead_letters)) == (0, 0)
        assert len(expected.student_state) == CLIENTS
        assert_holds(here.database, expected)
        events = dump(here.database, "events")
        assert len(events) == 3 * CLIENTS
        assert all(
            row["watermark_before"] is None or row["watermark_before"] < (at // 60_000 + 2) * 60_000
            for (at, *_), row in events.items()
        )


def view(client: int, at_ms: int) -> Message:
    student = f"client{client}"
    body = {"event_id": str(uuid.uuid4()), "student_id": student, "event_name": "page_view", "timestamp": at_ms}
    return Message(at_ms, student.encode(), json.dumps(body).encode())
