"""A small school's log with everything that makes the numbers hard, the same for the same seed.

Lates, duplicates, clocks that run ahead, equal milliseconds, sessions that end and resume within seconds, playing
videos, hidden pings, staff, broken events, ids with a slash, three spellings of a time, a weekend in between.
"""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Producer

from dataflows.kafka.replayed import REPLAYED

SECOND, MINUTE = 1_000, 60_000
FRIDAY = round(datetime(2024, 3, 1, 8, 0, tzinfo=UTC).timestamp() * 1000)
DAY = 24 * 60 * MINUTE
NAMES = (
    ("page_view", 20),
    ("scroll", 12),
    ("button_click", 12),
    ("time_ping", 12),
    ("video_play", 6),
    ("video_pause", 3),
    ("video_seek", 2),
    ("quiz_start", 3),
    ("quiz_answer", 5),
    ("assignment_submit", 2),
    ("idle", 4),
    ("session_start", 2),
    ("session_end", 3),
    ("course_enroll", 1),
    ("forum_post", 2),
    ("Wiki page, read", 1),
)


@dataclass(frozen=True)
class Message:
    """What a client sends, at the instant at which it arrives."""

    arrives_ms: int
    key: bytes | None
    value: bytes


def log_of(students: int = 90, minutes: int = 75, seed: int = 1) -> list[Message]:
    """Returns the messages of a Friday and the Monday after it, in the order of their arrival."""
    rng = random.Random(seed)
    messages: list[Message] = []
    for student in range(students):
        for day in (0, 3):
            start = FRIDAY + day * DAY + rng.randrange(minutes) * MINUTE // 2
            if rng.random() < 0.9:
                messages += _day(rng, student, start, FRIDAY + day * DAY + minutes * MINUTE)
    messages += [_broken(rng, FRIDAY + rng.randrange(minutes * MINUTE)) for _ in range(len(messages) // 100)]
    return sorted(messages, key=lambda message: message.arrives_ms)


def publish(kafka: str, topic: str, messages: list[Message]) -> None:
    """Sends messages in their order, keyed as every producer keys them."""
    producer = Producer(
        {"bootstrap.servers": kafka, "partitioner": "murmur2_random", "enable.idempotence": True, "linger.ms": 5}
    )
    for message in messages:
        producer.produce(topic, message.value, message.key, headers=list(REPLAYED))
        producer.poll(0)
    assert producer.flush(60) == 0


def _day(rng: random.Random, student: int, start: int, end: int) -> list[Message]:
    messages, now = [], start
    ahead = 40 * SECOND if student % 17 == 0 else 0  # a clock that runs ahead
    pace = rng.choice((4, 12, 40)) * SECOND
    while now < end:
        now += round(rng.expovariate(1 / pace))
        if rng.random() < 0.01:
            now += rng.randrange(3, 36) * MINUTE  # a break, sometimes longer than a session's gap
        stamp = now // SECOND * SECOND if rng.random() < 0.5 else now
        body = _event(rng, student, stamp + ahead)
        arrival = now + _delay(rng)
        messages.append(_message(student, body, arrival))
        if rng.random() < 0.03:
            messages.append(_message(student, body, arrival + rng.randrange(rng.choice((30 * SECOND, 10 * MINUTE)))))
        if body["event_name"] == "session_end" and rng.random() < 0.7:
            after = _event(rng, student, body_ms(body) + rng.choice((0, 2_000, 5_000, 5_001, 8_000)))
            after["event_name"] = rng.choice(("page_view", "session_start", "scroll"))
            messages.append(_message(student, after, arrival + 1))
    return messages


def body_ms(body: dict[str, Any]) -> int:
    """Returns the time of an event in any of the spellings that `_spelt` writes."""
    stamp = body["timestamp"]
    if isinstance(stamp, str) and not stamp.isdigit():
        return round(datetime.fromisoformat(stamp).timestamp() * 1000)
    return int(stamp)


def _delay(rng: random.Random) -> int:
    draw = rng.random()
    if draw < 0.02:
        return rng.randrange(20 * MINUTE)  # an app that was offline
    return rng.randrange(50 * SECOND) if draw < 0.1 else rng.randrange(500)


def _event(rng: random.Random, student: int, stamp: int) -> dict[str, Any]:
    name = rng.choices([n for n, _ in NAMES], [w for _, w in NAMES])[0]
    number = student % 5
    body: dict[str, Any] = {
        "event_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "student_id": f"s{student:03d}",
        "event_name": name,
        "timestamp": _spelt(rng, stamp),
        "metadata": {},
    }
    if student % 30 == 7:
        body["role"] = "teacher"
    if rng.random() < 0.9:
        body |= {"class_id": f"{7 + number}/{'AB'[student % 2]}", "grade": str(7 + number)}
    if rng.random() < 0.8:
        subject = rng.choice(("math", "art"))
        body |= {"subject_id": subject, "course_id": f"{subject}{number}"}
        body["chapter_id"] = f"{subject}/ch{rng.randrange(3)}"
    if rng.random() < 0.7:
        body["session_id"] = f"x{rng.getrandbits(24):x}"
    if rng.random() < 0.5:
        body["device"] = {"type": rng.choice(("mobile", "desktop")), "os": "Linux", "browser": "Firefox"}
    if name == "time_ping" and rng.random() < 0.4:
        body["metadata"]["hidden"] = True
    if name.startswith("video_") and rng.random() < 0.8:
        body["metadata"] |= {"position_s": rng.randrange(0, 600) / 2, "video_duration_s": rng.choice((280, 900, 3000))}
        if rng.random() < 0.5:
            body["metadata"]["playback_rate"] = rng.choice((0.5, 1.25, 2))
    return body


def _spelt(rng: random.Random, stamp: int) -> int | str:
    iso = datetime.fromtimestamp(stamp // 1000, UTC).isoformat()[:19] + f".{stamp % 1000:03d}+00:00"
    return rng.choice((stamp, stamp, str(stamp), iso))


def _message(student: int, body: dict[str, Any], arrives_ms: int) -> Message:
    return Message(arrives_ms, f"s{student:03d}".encode(), json.dumps(body).encode())


def _broken(rng: random.Random, arrives_ms: int) -> Message:
    good = _event(rng, 1, arrives_ms)
    value: Any = rng.choice(
        (
            good | {"student_id": None},
            good | {"student_id": ""},
            good | {"timestamp": "yesterday"},
            good | {"timestamp": "2024-03-01T08:00:00"},
            good | {"event_id": "no-uuid"},
            good | {"class_id": ["7A"]},
            good | {"metadata": "text"},
            ["no", "object"],
        )
    )
    payload = json.dumps(value).encode()
    return Message(arrives_ms, b"s001", payload[:-1] if rng.random() < 0.2 else payload)
