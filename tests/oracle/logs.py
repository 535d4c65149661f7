"""Small, spiteful logs for property tests: many events meet within a few minutes, on the edges of every rule."""

from __future__ import annotations

import json
import random
import uuid
from typing import Any

from tests.oracle.reading import Record

TOPIC = "clickstream_events"
START = 1_709_283_600_000  # Friday 2024-03-01 09:00 UTC, two hours from a local midnight in the Pacific
MINUTE = 60_000
EDGES = (
    0,
    1,
    999,
    5_000,
    5_001,
    59_999,
    MINUTE,
    5 * MINUTE,
    30 * MINUTE - 1,
    30 * MINUTE,
    45 * MINUTE,
    24 * 60 * MINUTE,
)
NAMES = (
    "page_view",
    "scroll",
    "button_click",
    "time_ping",
    "idle",
    "session_start",
    "session_end",
    "video_play",
    "video_pause",
    "video_seek",
    "quiz_submit",
    "assignment_start",
    "course_enroll",
    "Wiki page",
)


def spiteful_log(seed: int, size: int = 60, partitions: int = 2) -> list[Record]:
    """Returns the records of a topic, in offset order within each partition.

    Events arrive in event-time order but for those that come up to three minutes late, or at an edge of the
    lateness; some are repeats, some broken; ticks lie between them. Append times run with the arrival.
    """
    rng = random.Random(seed)
    records: list[Record] = []
    for partition in range(partitions):
        records += _partition(rng, partition, rng.randrange(1, size))
    return records


def _partition(rng: random.Random, partition: int, size: int) -> list[Record]:
    log: list[Record] = []
    now = START + rng.randrange(2 * MINUTE)
    for _ in range(size):
        now += rng.choice((0, 0, 1, 1_000, 7_000, 20_000, rng.choice(EDGES)))
        if log and rng.random() < 0.08:
            value, tick = _again(rng, rng.choice(log).value, now), None
        elif rng.random() < 0.05:
            value, tick = None, now - rng.choice((0, 1, 30_000))
        else:
            value, tick = _value(rng, partition, now), None
        append = now + rng.choice((0, 0, 0, 3, -2 * MINUTE))
        log.append(Record(TOPIC, partition, len(log), max(append, log[-1].append_ms if log else 0), value, b"k", tick))
    if rng.random() < 0.7:
        end = now + rng.choice((MINUTE, 2 * MINUTE, 65 * MINUTE))
        log.append(Record(TOPIC, partition, len(log), end, None, None, end))
    return log


def _again(rng: random.Random, value: bytes | None, now: int) -> bytes | None:
    """Returns a value once more, now and then under another time: whoever sends again may say when he does."""
    if value is None or b'"timestamp"' not in value or rng.random() < 0.5:
        return value
    return json.dumps(json.loads(value) | {"timestamp": now - rng.choice((0, MINUTE, 3 * MINUTE))}).encode()


def _value(rng: random.Random, partition: int, now: int) -> bytes:
    if rng.random() < 0.03:
        return rng.choice((b"{", b"[]", b'{"event_name":"scroll"}'))
    ago = rng.choice((0, 0, 0, 0, 1, MINUTE, 2 * MINUTE - 1, 2 * MINUTE, rng.randrange(3 * MINUTE)))
    name = rng.choice(NAMES) if rng.random() > 0.05 else rng.choice(("consent_withdrawn", "consent_given"))
    body: dict[str, Any] = {
        "event_id": str(uuid.UUID(int=rng.getrandbits(128))),
        "student_id": f"p{partition}s{rng.randrange(4)}",
        "event_name": name,
        "timestamp": now - ago,
    }
    if rng.random() < 0.06:
        body["role"] = "teacher"
    for field, choices in (
        ("class_id", ("7A", "7/B")),
        ("grade", ("7", "8")),
        ("subject_id", ("math",)),
        ("course_id", ("c1", "c2")),
        ("chapter_id", ("ch/1", "ch2")),
        ("session_id", ("x", "y", "z")),
        ("device_type", ("mobile", "desktop")),
        ("browser", ("Firefox",)),
    ):
        if rng.random() < 0.6:
            body[field] = rng.choice(choices)
    if name == "time_ping" and rng.random() < 0.5:
        body["metadata"] = {"hidden": rng.random() < 0.7}
    if name.startswith("video_") and rng.random() < 0.8:
        body["metadata"] = {"position_s": rng.choice((0, 12.5, 280, 400)), "video_duration_s": rng.choice((280, 3600))}
        if rng.random() < 0.5:
            body["metadata"]["playback_rate"] = rng.choice((0.5, 1.25, 2))
    return json.dumps(body).encode()
