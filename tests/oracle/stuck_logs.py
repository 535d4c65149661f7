"""Small, spiteful logs of students who get stuck: few items, every edge of every wait, everything late or repeated."""

from __future__ import annotations

import json
import random
import uuid
from typing import Any

from tests.oracle.reading import Record

CLICKS, QUIZZES = "clickstream_events", "module_quiz_events"
START = 1_709_283_600_000
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
STEPS = (0, 0, 1, SECOND, 20 * SECOND, 20 * SECOND, MINUTE)
EDGES = tuple(
    wait + nudge for wait in (2 * MINUTE, 5 * MINUTE, 8 * MINUTE, 30 * MINUTE, 2 * HOUR) for nudge in (-1, 0, 1)
)
MOODS = ((0.4, 0.55, 0.75, 0.9), (0.1, 0.2, 0.8, 0.95), (0.15, 0.6, 0.7, 0.95))
"""Up to where lie answers, other signs of a quiz, videos and pages; the rest are teachers."""
HELD_BACK = (0, 0, 0, 0, 0, 1, 30 * SECOND, MINUTE - 1, MINUTE, 3 * MINUTE)


def spiteful_stuck(seed: int, size: int = 150, partitions: int = 2) -> list[Record]:
    """Returns the records of both topics, in offset order within each topic-partition.

    Args:
        seed: The same seed gives the same log.
        size: Most records a partition.
        partitions: How many.
    """
    rng = random.Random(seed)
    return [record for partition in range(partitions) for record in _partition(rng, partition, size)]


def _partition(rng: random.Random, partition: int, size: int) -> list[Record]:
    logs: dict[str, list[Record]] = {}
    topics = [CLICKS] if rng.random() < 0.6 else [CLICKS, CLICKS, CLICKS, QUIZZES]
    now, mood = START + rng.randrange(HOUR), rng.choice(MOODS)

    def append(topic: str, value: bytes | None, tick: int | None = None) -> None:
        log = logs.setdefault(topic, [])
        log.append(Record(topic, partition, len(log), now, value, b"k", tick))

    for _ in range(rng.randrange(size // 3, size)):
        now += rng.choice(STEPS) if rng.random() < 0.93 else rng.choice(EDGES)
        topic, draw = rng.choice(topics), rng.random()
        sent = [one for log in logs.values() for one in log if one.value]
        if sent and draw < 0.08:
            again = rng.choice(sent)
            append(again.topic, again.value)
        elif draw < 0.13:
            append(topic, None, now - rng.choice((0, 1, 30 * SECOND)))
        elif draw < 0.15:
            append(topic, rng.choice((b"{", b"[]", b'{"event_name":"scroll"}')))
        else:
            append(topic, json.dumps(_body(rng, mood, partition, topic, now - rng.choice(HELD_BACK))).encode())
    if rng.random() < 0.7:
        now += rng.choice((MINUTE, 4 * MINUTE, 40 * MINUTE, 3 * HOUR))
        for topic in list(logs):
            append(topic, None, now)
    return [record for log in logs.values() for record in log]


def _body(rng: random.Random, mood: tuple[float, ...], partition: int, topic: str, at: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "event_id": str(uuid.UUID(int=rng.getrandbits(128))),
        "student_id": f"p{partition}s{rng.randrange(2)}",
        "timestamp": at,
    }
    for name, values in (("class_id", ("7A", "7B")), ("course_id", ("c1", "c2"))):
        if rng.random() < 0.4:
            body[name] = rng.choice(values)
    if topic == QUIZZES:
        return body | {"module": rng.choice(("q1", "m2")), "score": rng.choice((10, 40, 69.9, 70, 90))}
    if rng.random() < 0.02:
        return body | {"event_name": rng.choice(("consent_withdrawn", "consent_given"))}
    quiz = rng.choice(("q1", "q1", "q2"))
    draw = rng.random()
    if draw < mood[0]:
        metadata: dict[str, Any] = {"question": rng.randrange(3), "correct": rng.random() < 0.2}
        if rng.random() < 0.2:
            metadata = {"score": rng.choice((0, 69.9, 70, 100))}
        return body | {"event_name": "quiz_answer", "assessment_id": quiz, "metadata": metadata}
    if draw < mood[1]:
        name = rng.choice(("quiz_start", "quiz_question_next", "quiz_hint", "quiz_hint", "hint_shown", "quiz_submit"))
        return body | {"event_name": name, "assessment_id": quiz}
    if draw < mood[2]:
        name = rng.choice(("video_pause", "video_seek", "video_seek", "video_play", "time_ping", "video_complete"))
        metadata = {"position_s": rng.choice((60, 61, 75, 76, 90, 200))} if rng.random() < 0.9 else {}
        return body | {"event_name": name, "video_id": "v1", "metadata": metadata}
    if draw < mood[3]:
        name = rng.choice(("scroll", "button_click", "page_view", "idle", "lesson_complete", "session_end", "search"))
        metadata = {"scroll_depth": rng.choice((10, 50, 90))} if name == "scroll" else {}
        place = {"chapter_id": rng.choice(("ch1", "ch1", "ch2"))} if rng.random() < 0.9 else {}
        return body | {"event_name": name, "metadata": metadata} | place
    role = "teacher" if rng.random() < 0.8 else "student"
    name, item = rng.choice(("stuck_seen", "stuck_helped", "stuck_not")), rng.choice(("q1", "q2", "v1", "ch1"))
    return body | {"event_name": name, "role": role, "metadata": {"actor": "ms-lee", "item_id": item}}
