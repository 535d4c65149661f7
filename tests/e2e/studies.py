"""A reproducible log of studying: chapters, videos, tabs in the background, idling, ends sent and ends forgotten.

Every student has sittings on two days. What reads it is hard on purpose: clocks that stand still, pauses at the edge of
the gap, chapter views that span other chapters, that come without an end, or with one before the start; repeats; and,
where wanted, events that come too late.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Producer

from dataflows.kafka.replayed import REPLAYED
from tests.oracle.reading import AGENTS

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
DAY = 24 * HOUR
START = round(datetime(2024, 3, 1, 8, 0, tzinfo=UTC).timestamp() * 1000)
CLICKS, VIEWS = "clickstream_events", "chapter_view_events"
CHAPTERS = ("ch/1", "ch2", "ch3", "ch4")
LENGTH_S = 600


@dataclass(frozen=True)
class Action:
    """What a client sends, when it happened and when it arrives."""

    topic: str
    at_ms: int
    arrives_ms: int
    key: bytes
    value: bytes


def studies(students: int = 40, seed: int = 5, late: float = 0.01) -> list[Action]:
    """Returns two days of studying in the order of arrival.

    Args:
        students: How many.
        seed: The same seed gives the same log.
        late: Share of events that come hours after they happened.
    """
    rng = random.Random(seed)
    actions: list[Action] = []
    for number in range(students):
        for day in (0, 1):
            now = START + day * DAY + rng.randrange(2 * HOUR)
            for _ in range(rng.randrange(1, 4)):
                sitting = _Sitting(rng, f"s{number:03d}", now, late)
                actions += sitting.actions
                now = sitting.now + rng.choice((2 * SECOND, 29 * MINUTE, 30 * MINUTE, 31 * MINUTE, 2 * HOUR))
    return sorted(actions, key=lambda action: action.arrives_ms)


class _Sitting:
    """One stretch of work of one student."""

    def __init__(self, rng: random.Random, student: str, now: int, late: float) -> None:
        self._rng, self._student, self._late = rng, student, late
        self.now = now
        self.actions: list[Action] = []
        self._class_code = f"{7 + int(student[1:]) % 3}A"
        self._carried: dict[str, Any] = {"session_id": f"x{rng.getrandbits(24):x}"} if rng.random() < 0.7 else {}
        self._agent = {"user_agent": rng.choice(list(AGENTS))} if rng.random() < 0.4 else {}
        if rng.random() < 0.6:
            self._carried |= {"device_type": rng.choice(("mobile", "tablet")), "browser": "Firefox"}
        if rng.random() < 0.7:
            self.click(rng.choice(("session_start", "login")), country_code="DE")
        for _ in range(rng.randrange(1, 6)):
            rng.choice((self.read, self.read, self.watch, self.elsewhere))()
        if rng.random() < 0.5:
            self.click("session_end")

    def click(self, name: str, **more: Any) -> None:
        """Sends an event of the clickstream; some time passes."""
        body = {"event_id": self._id(), "student_id": self._student, "event_name": name, "timestamp": self.now}
        more["metadata"] = more.get("metadata", {}) | self._agent
        self._send(CLICKS, self.now, body | {"class_id": self._class_code} | self._carried | more)
        self.now += self._rng.choice((0, 700, 5 * SECOND, 20 * SECOND, 45 * SECOND, MINUTE, 4 * MINUTE, 7 * MINUTE))

    def read(self) -> None:
        """Reads a chapter; a chapter view may tell so, too."""
        rng, begun, chapter = self._rng, self.now, self._rng.choice(CHAPTERS)
        place = {"chapter_id": chapter, "course_id": "maths", "page_url": f"/{chapter}"}
        self.click("page_view", **place)
        for _ in range(rng.randrange(6)):
            name = rng.choice(("scroll", "scroll", "time_ping", "button_click", "idle", "search", "lesson_complete"))
            here = place if rng.random() < 0.7 else {}
            about: dict[str, Any] = {"scroll_depth": rng.choice((10, 55.5, 100))} if name == "scroll" else {}
            if name == "time_ping" and rng.random() < 0.5:
                about, here = {"hidden": True}, {"chapter_id": rng.choice(CHAPTERS)}
            self.click(name, **here, metadata=about)
        if rng.random() < 0.5:
            self.view(chapter, begun)

    def view(self, chapter: str, begun: int) -> None:
        """Tells of a visit when it ends."""
        rng = self._rng
        body = {"event_id": self._id(), "student_id": self._student, "chapter_id": chapter, "start_time": begun}
        end = self.now + rng.choice((0, 0, MINUTE, -40 * MINUTE, 255 * MINUTE))
        more = {"end_time": end, "scroll_depth": rng.choice((30, 90))}
        if rng.random() < 0.2:
            end, more = self.now, {}
        self._send(VIEWS, max(self.now, end), body | more | ({"course_id": "maths"} if rng.random() < 0.5 else {}))

    def watch(self) -> None:
        """Watches a video, or a part of it."""
        rng, video = self._rng, {"video_id": f"v{self._rng.randrange(3)}", "course_id": "maths", "lesson_id": "l1"}
        at, rate = rng.choice((0, 12.5, 300)), rng.choice((1, 1, 1.5))
        names = rng.choices(
            ("video_pause", "video_play", "video_seek", "time_ping", "video_stop"), k=rng.randrange(1, 6)
        )
        for name in ("video_play", *names, *(["video_complete"] * (rng.random() < 0.3))):
            before = self.now
            said = {"position_s": at, "video_duration_s": LENGTH_S, "playback_rate": rate}
            if name == "video_seek":
                said |= {"from_s": at, "to_s": (to := rng.choice((0, 60, 300)))}
                at = to
            self.click(name, **video, metadata=said if rng.random() < 0.85 else {})
            at = min(LENGTH_S, at + round((self.now - before) / SECOND * rate, 1))

    def elsewhere(self) -> None:
        """Does something that belongs to no chapter."""
        name = self._rng.choice(("page_view", "forum_post", "quiz_submit", "course_enroll", "Wiki page"))
        about = {"quiz_submit": {"score": 71.5}, "course_enroll": {"price": 49.5}}.get(name, {})
        self.click(name, page_url="/home", assessment_id="q1", metadata=about)

    def _id(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def _send(self, topic: str, arrives: int, body: dict[str, Any]) -> None:
        rng = self._rng
        arrives += rng.randrange(500) if rng.random() < 0.9 else rng.randrange(20 * MINUTE)
        arrives += rng.choice((2 * HOUR, 7 * HOUR)) if rng.random() < self._late else 0
        at = body["timestamp"] if topic == CLICKS else body["start_time"]
        action = Action(topic, at, arrives, self._student.encode(), json.dumps(body).encode())
        self.actions += [action] * (2 if rng.random() < 0.03 else 1)


def shuffled(actions: Iterable[Action], seed: int, within_ms: int = 80 * MINUTE) -> list[Action]:
    """Returns the actions in another order, in which none comes too late: nothing before one is much newer than it.

    What a student did at one instant keeps its order, which is the log's to tell.
    """
    rng = random.Random(seed)
    delays: dict[tuple[bytes, int], int] = {}
    return sorted(
        actions,
        key=lambda action: action.at_ms + delays.setdefault((action.key, action.at_ms), rng.randrange(within_ms)),
    )


def repeated(actions: Iterable[Action], seed: int, share: float = 0.05) -> list[Action]:
    """Returns the actions, a share of them once more, up to 200 actions later."""
    rng = random.Random(seed)
    places = [(float(place), action) for place, action in enumerate(actions)]
    places += [(place + 0.5 + rng.randrange(200), action) for place, action in places if rng.random() < share]
    return [action for _, action in sorted(places, key=lambda place: place[0])]


def publish(kafka: str, prefix: str, actions: Iterable[Action]) -> None:
    """Sends actions in their order, keyed as every producer keys them."""
    producer = Producer(
        {"bootstrap.servers": kafka, "partitioner": "murmur2_random", "enable.idempotence": True, "linger.ms": 5}
    )
    for action in actions:
        producer.produce(f"{prefix}{action.topic}", action.value, action.key, headers=list(REPLAYED))
        producer.poll(0)
    assert producer.flush(60) == 0
