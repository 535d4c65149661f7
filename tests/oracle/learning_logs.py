"""Small, spiteful logs of learning for property tests: few pairs, many days, everything late, repeated or broken."""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import replace
from typing import Any

from tests.oracle.learning import NAMES, QUIZZES
from tests.oracle.reading import Record

START = 1_709_283_600_000  # Friday 2024-03-01 09:00 UTC
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
STEPS = (0, 1, 999, MINUTE, 40 * MINUTE, 5 * HOUR, 14 * HOUR, DAY - 1, DAY, DAY + 1, 2 * DAY, 6 * DAY, 30 * DAY)
CLICKSTREAM = "clickstream_events"
QUIET = ("page_view", "scroll", "quiz_start", "video_play")
SCORES = (0, 12.5, 40, 69.999, 70, 79, 80, 85, 85, 89.5, 90, 100)
NO_SCORES: tuple[Any, ...] = (None, "A", -1, 100.5, [85], {"raw": 85})

Logs = dict[tuple[str, int], list[Record]]


def spiteful_learning(seed: int, size: int = 60, partitions: int = 2, alias: bool = False) -> list[Record]:
    """Returns the records of every topic that `memory` reads, in offset order within each topic-partition.

    Args:
        seed: The same seed gives the same log.
        size: Most records a partition.
        partitions: How many.
        alias: Whether some of the clickstream lies in a topic under its other name.
    """
    rng = random.Random(seed)
    topics = [*NAMES, CLICKSTREAM, *(["lms_clickstream"] * alias)]
    records: list[Record] = []
    for partition in range(partitions):
        records += _partition(rng, partition, rng.sample(topics, rng.randrange(1, len(topics) + 1)), size)
    return records


def _partition(rng: random.Random, partition: int, topics: list[str], size: int) -> list[Record]:
    logs: Logs = {}
    sent: list[Record] = []
    now = START + rng.randrange(3 * DAY)
    for _ in range(rng.randrange(1, size)):
        now += rng.choice(STEPS)
        topic = rng.choice(topics)
        draw = rng.random()
        if sent and draw < 0.12:
            again = rng.choice(sent)  # a repeat, as it was
            _append(logs, again.topic, partition, now, again.value)
        elif draw < 0.18:
            _append(logs, topic, partition, now, None, now - rng.choice((0, 1, HOUR)))
        elif draw < 0.21:
            _append(logs, topic, partition, now, rng.choice((b"{", b"[]", b'{"score": 85}', None)))
        else:
            late = rng.choice((0, 0, 0, 1, MINUTE, HOUR, rng.randrange(DAY), rng.randrange(40 * DAY)))
            _append(logs, topic, partition, now, json.dumps(_body(rng, topic, partition, now - late)).encode())
            sent.append(logs[topic, partition][-1])
    if rng.random() < 0.7:
        end = now + rng.choice((0, 1, DAY, 3 * DAY, 200 * DAY))
        for topic, _ in list(logs):
            _append(logs, topic, partition, end, None, end)
    return [record for log in logs.values() for record in log]


def _append(logs: Logs, topic: str, partition: int, now: int, value: bytes | None, tick: int | None = None) -> None:
    log = logs.setdefault((topic, partition), [])
    log.append(Record(topic, partition, len(log), now, value, b"k", tick))


def _body(rng: random.Random, topic: str, partition: int, at: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "event_id": str(uuid.UUID(int=rng.getrandbits(128))),
        "user_id": f"p{partition}u{rng.randrange(3)}",
        "timestamp": at,
    }
    if rng.random() < 0.06:
        return body | {"event_name": rng.choice(("consent_withdrawn", "consent_given"))}
    if rng.random() < 0.05:
        body["role"] = "teacher"
    if rng.random() < 0.5:
        body["class_id"] = rng.choice(("7A", "7/B"))
    about = _about(rng)
    if topic in NAMES:
        body |= about
        if topic == "module_completion_events":
            body["event_type"] = rng.choice(("module_started", "module_completed", "start", "done"))
        elif rng.random() < 0.5:
            body["event_type"] = f"{NAMES[topic]}_x" if topic in QUIZZES else NAMES[topic]
        return body
    body["event_name"] = rng.choice(("quiz_submit", "quiz_submit", "quiz_submit", *QUIET))
    if rng.random() < 0.3:
        body["assessment_id"] = about.get("module") or "m1"
        about.pop("module", None)
    if "course" in about:
        body["course_id"] = about.pop("course")
    if rng.random() < 0.5:
        about["quiz_type"] = rng.choice(("diagnostic", "module", "final"))
    if rng.random() < 0.3:
        about["duration"] = rng.choice((60, 61.5))
    body["metadata"] = about
    return body


def _about(rng: random.Random) -> dict[str, Any]:
    about: dict[str, Any] = {"score": rng.choice(SCORES)}
    if rng.random() < 0.08:
        about["score"] = rng.choice(NO_SCORES)
    if rng.random() < 0.9:
        about["module"] = rng.choice(("m1", "m1", "m1", "m2", "m/3"))
    if rng.random() < 0.7:
        about["domain"] = rng.choice(("dsa", "dsa", "maths"))
    if rng.random() < 0.5:
        about["course"] = rng.choice(("c1", "c2"))
    if rng.random() < 0.7:
        about["time_taken"] = rng.choice((420, 0, 33.25))
    return about


def reported_again(records: list[Record], seed: int, share: float = 0.1) -> list[Record]:
    """Returns the log with a share of its events told again, under the same id and time, but otherwise.

    A retelling stands at the end of its own topic-partition, or, where it is a quiz, of another one that tells quizzes.
    """
    rng = random.Random(seed)
    logs: Logs = {}
    for record in records:
        logs.setdefault((record.topic, record.partition), []).append(record)
    for record in records:
        if record.tick is None and record.value and b"event_id" in record.value and rng.random() < share:
            body = json.loads(record.value)
            part = body["metadata"] if "metadata" in body else body
            part |= {"score": rng.choice(SCORES), "module": rng.choice(("m1", "m2"))}
            topics = [topic for topic, partition in logs if partition == record.partition and topic in QUIZZES]
            if record.topic not in QUIZZES or rng.random() < 0.6:
                topics = [record.topic]
            log = logs[rng.choice(topics), record.partition]
            log.append(replace(log[-1], offset=log[-1].offset + 1, value=json.dumps(body).encode(), tick=None))
    return [record for log in logs.values() for record in log]
