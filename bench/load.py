"""The load of the measurements: plain events of about 300 bytes whose id and time are stamped in as bytes.

A school of 20,000 students in 800 classes. Each student makes events at the same mean pace; a class works on one
chapter at a time, one student in ten on another. Every event is prepared once as a head and a tail of bytes, so that
a producer only puts a new id and the time between them.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any, Final

STUDENTS: Final = 20_000
CLASS_SIZE: Final = 25
TEMPLATES: Final = 1 << 17
#: Share of events that are sent a second time, and by how much an event is older than its place in the log, at most.
REPEATS: Final = 0.01
DELAY_MS: Final = 2_000

_SUBJECTS: Final = ("math", "physics", "history", "biology", "english", "art")
_NAMES: Final = (
    ("page_view", 22),
    ("button_click", 20),
    ("scroll", 20),
    ("time_ping", 16),
    ("video_play", 5),
    ("video_pause", 5),
    ("quiz_answer", 9),
    ("search", 3),
)
_DEVICES: Final = (
    {"type": "mobile", "browser": "Chrome"},
    {"type": "desktop", "browser": "Edge"},
    {"type": "tablet", "browser": "Safari"},
)


@dataclass(frozen=True, slots=True)
class Template:
    """One event without its id and time: `head + id + middle + time + tail` is its value."""

    key: bytes
    tail: bytes


HEAD: Final = b'{"event_id":"'
MIDDLE: Final = b'","timestamp":'


def templates(students: int = STUDENTS, count: int = TEMPLATES, seed: int = 7) -> list[Template]:
    """Returns events of students drawn evenly.

    Args:
        students: How many students there are.
        count: How many events.
        seed: Seed of the draw.
    """
    rng = random.Random(seed)  # noqa: S311 (a fixed seed for a measurement)
    names, weights = zip(*_NAMES, strict=True)
    drawn = rng.choices(names, weights, k=count)
    return [_template(rng.randrange(students), name, rng) for name in drawn]


def _template(student: int, name: str, rng: random.Random) -> Template:
    room = student // CLASS_SIZE
    grade, subject = room % 12 + 1, _SUBJECTS[room % len(_SUBJECTS)]
    chapter = room % 20 if rng.random() < 0.9 else rng.randrange(20)
    metadata: dict[str, int] = {"scroll_depth": rng.randrange(101)} if name == "scroll" else {}
    if name.startswith("video_"):
        metadata = {"position_s": rng.randrange(300), "video_duration_s": 300}
    student_id = f"p1_{student:06d}"
    rest: dict[str, Any] = {
        "student_id": student_id,
        "event_name": name,
        "session_id": f"{student * 7919:09d}",
        "class_id": f"{grade}-{room}",
        "grade": str(grade),
        "subject_id": subject,
        "course_id": f"{subject}{grade}",
        "chapter_id": f"{subject}{grade}.{chapter}",
        "device": _DEVICES[student % len(_DEVICES)],
    }
    if metadata:
        rest["metadata"] = metadata
    return Template(student_id.encode(), b"," + json.dumps(rest, separators=(",", ":")).encode()[1:])


class Stamps:
    """Gives prepared events new ids and times, in a reproducible order.

    Attributes:
        repeats: Events that were given out a second time.
        bytes: Bytes of all values given out.

    Example:
        >>> stamps = Stamps(templates(students=10, count=4), seed=1)
        >>> key, value = stamps.next(1_760_000_000_000)
        >>> json.loads(value)["timestamp"] <= 1_760_000_000_000
        True
    """

    def __init__(self, events: list[Template], seed: int) -> None:
        """`seed` decides the order of the events, their ids, delays and repeats."""
        self._rng = random.Random(seed)  # noqa: S311 (a fixed seed for a measurement)
        self._events = events
        self._last: tuple[bytes, bytes] | None = None
        self.repeats = 0
        self.bytes = 0

    def next(self, now_ms: int) -> tuple[bytes, bytes]:
        """Returns key and value of an event that is up to `DELAY_MS` older than `now_ms`; sometimes a repeat."""
        # One draw gives the id and all choices: this is what a paced publisher spends its time on.
        bits = self._rng.getrandbits(160)
        low = bits & 0xFFFFFFFF
        if low < _REPEAT_BELOW and self._last is not None:
            self.repeats += 1
            self.bytes += len(self._last[1])
            return self._last
        event = self._events[(low >> 7) % len(self._events)]
        text = b"%032x" % (bits >> 32)
        stamp = b"%d" % (now_ms - (bits >> 40) % DELAY_MS)
        event_id = b"-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
        value = b"".join((HEAD, event_id, MIDDLE, stamp, event.tail))
        self._last = event.key, value
        self.bytes += len(value)
        return self._last


_REPEAT_BELOW: Final = int(REPEATS * (1 << 32))
