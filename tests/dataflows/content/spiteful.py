"""Small, spiteful logs of studying: everything happens at the edges of gaps, caps and lateness."""

from __future__ import annotations

import json
import random
import uuid
from typing import Any

from tests.oracle.reading import Record

CLICKS, VIEWS = "clickstream_events", "chapter_view_events"
START = 1_709_283_600_000  # Friday 2024-03-01 09:00 UTC
MINUTE, HOUR = 60_000, 3_600_000
STEPS = (0, 0, 1, 999, 1_000, 2_000, 4_999, 5_000, 5_001, 10_000, 10_000, 30_000, 45_000, MINUTE, 2 * MINUTE)
LONG_STEPS = (
    5 * MINUTE - 1, 5 * MINUTE, 5 * MINUTE + 1, 29 * MINUTE, 30 * MINUTE - 1, 30 * MINUTE, 31 * MINUTE, 45 * MINUTE,
    HOUR, 90 * MINUTE, 2 * HOUR, 4 * HOUR, 7 * HOUR, 23 * HOUR, 24 * HOUR,
)  # fmt: skip
AGO = (0, 0, 0, 0, 1, 5_000, MINUTE, 5 * MINUTE, 29 * MINUTE, 31 * MINUTE, 89 * MINUTE, 90 * MINUTE - 1, 90 * MINUTE)
LONG_AGO = (91 * MINUTE, 2 * HOUR, 4 * HOUR, 6 * HOUR)
LASTS = (-5_000, 0, 1, MINUTE, 10 * MINUTE, 40 * MINUTE, 3 * HOUR, 4 * HOUR, 4 * HOUR + 1, 9 * HOUR, 30 * HOUR)
NAMES = (
    "page_view", "page_view", "scroll", "scroll", "button_click", "time_ping", "time_ping", "idle", "active", "login",
    "session_start", "session_end", "video_play", "video_play", "video_pause", "video_seek", "video_stop",
    "video_complete", "quiz_submit", "lesson_start", "lesson_complete", "course_enroll", "search", "Wiki page",
)  # fmt: skip


def spiteful_log(seed: int, size: int = 80, partitions: int = 1, students: int = 3, long: float = 0.12) -> list[Record]:
    """Returns the records of both topics, in offset order within each.

    Args:
        seed: Reproduces it.
        size: Most records of a partition.
        partitions: How many.
        students: Students of a partition.
        long: Share of long pauses.
    """
    rng = random.Random(seed)
    log: list[Record] = []
    for partition in range(partitions):
        log += _partition(rng, partition, rng.randrange(1, size), students, long)
    return log


def _partition(rng: random.Random, partition: int, size: int, students: int, long: float) -> list[Record]:
    log: list[Record] = []
    offsets = {CLICKS: 0, VIEWS: 0}
    now = START
    has_views = rng.random() < 0.7

    def append(topic: str, value: bytes | None, tick: int | None) -> None:
        key = None if tick is not None else b"k"
        log.append(Record(topic, partition, offsets[topic], now, value, key, tick))
        offsets[topic] += 1

    for _ in range(size):
        now += rng.choice(LONG_STEPS) if rng.random() < long else rng.choice(STEPS)
        topic = VIEWS if has_views and rng.random() < 0.15 else CLICKS
        same = [record for record in log if record.topic == topic and record.value is not None]
        if same and rng.random() < 0.08:
            append(topic, rng.choice(same).value, None)
        elif rng.random() < 0.05:
            append(topic, None, now - rng.choice((0, 1, MINUTE)))
        elif rng.random() < 0.03:
            who = f"p{partition}s{rng.randrange(students)}"
            append(topic, click(who, rng.choice(("consent_withdrawn", "consent_given")), now, nth=len(log)), None)
        else:
            who = f"p{partition}s{rng.randrange(students)}"
            append(topic, _view(rng, who, now) if topic == VIEWS else _click(rng, who, now), None)
    if rng.random() < 0.7:
        now += rng.choice((0, 5 * MINUTE, 40 * MINUTE, 3 * HOUR, 12 * HOUR))
        for topic in (CLICKS, VIEWS) if has_views else (CLICKS,):
            append(topic, None, now)
    return log


def _ago(rng: random.Random) -> int:
    return rng.choice(LONG_AGO) if rng.random() < 0.05 else rng.choice(AGO)


def _click(rng: random.Random, who: str, now: int) -> bytes:
    name = rng.choice(NAMES)
    body: dict[str, Any] = {
        "event_id": str(uuid.UUID(int=rng.getrandbits(128))),
        "student_id": who,
        "event_name": name,
        "timestamp": now - _ago(rng),
    }
    if rng.random() < 0.03:
        body["role"] = "teacher"
    for field, choices, share in (
        ("class_id", ("7A", "7B"), 0.5),
        ("course_id", ("c1", "c2"), 0.5),
        ("chapter_id", ("ch1", "ch1", "ch2"), 0.5),
        ("lesson_id", ("l1", "l2"), 0.3),
        ("session_id", ("x", "y", "z"), 0.3),
        ("device_type", ("mobile", "desktop"), 0.4),
        ("browser", ("Firefox", "Chrome"), 0.4),
        ("country_code", ("IN", "DE"), 0.3),
        ("page_url", ("/a", "/b", "/a?tab=1", "/a?tab=2"), 0.5),
    ):
        if rng.random() < share:
            body[field] = rng.choice(choices)
    if name.startswith("video_") or (name == "time_ping" and rng.random() < 0.5):
        body["video_id"] = rng.choice(("v1", "v1", "v2"))
        body["metadata"] = _playback(rng)
    if name == "time_ping" and rng.random() < 0.4:
        body.setdefault("metadata", {})["hidden"] = rng.random() < 0.7
    if name in {"scroll", "page_view"} and rng.random() < 0.6:
        body.setdefault("metadata", {})["scroll_depth"] = rng.choice((0, 12.34, 50, 100, 130))
    return json.dumps(body).encode()


def click(who: str, name: str, time_ms: int, **fields: Any) -> bytes:
    """Returns one event by hand; its id follows from what it says."""
    body = {"student_id": who, "event_name": name, "timestamp": time_ms, **fields}
    return json.dumps({"event_id": str(uuid.uuid5(uuid.NAMESPACE_URL, repr(body))), **body}).encode()


def _playback(rng: random.Random) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for field, choices in (
        ("position_s", (0, 5, 12.5, 60, 280)),
        ("video_duration_s", (60, 280.5)),
        ("playback_rate", (0.5, 1, 1.25, 2)),
        ("from_s", (5, 60)),
        ("to_s", (0, 100)),
    ):
        if rng.random() < 0.5:
            said[field] = rng.choice(choices)
    return said


def _view(rng: random.Random, who: str, now: int) -> bytes:
    lasts = rng.choice(LASTS)
    ended = now - _ago(rng)
    start = ended - max(0, lasts) if rng.random() < 0.8 else ended
    body: dict[str, Any] = {
        "event_id": str(uuid.UUID(int=rng.getrandbits(128))),
        "student_id": who,
        "chapter_id": rng.choice(("ch1", "ch2", "ch3")),
        "start_time": start,
    }
    if rng.random() < 0.75:
        body["end_time"] = start + lasts
    if rng.random() < 0.5:
        body |= {"course_id": "c1", "scroll_depth": rng.choice((10, 80))}
    return json.dumps(body).encode()
