"""Logs of studying for property tests, drawn by Hypothesis, so that a log that fails becomes a small one."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.oracle.clicks import VIEWS
from tests.oracle.reading import AGENTS, Record

CLICKS, ALIAS = "clickstream_events", "lms_clickstream"
STARTS = (
    1_709_283_600_000,  # Friday 2024-03-01 09:00 UTC
    1_730_404_800_000,  # 2024-10-31 20:00 UTC: an hour before the clocks of Cairo go back from midnight to 23:00
)
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000

PAUSES = (
    0, 0, 1, 500, 2 * SECOND, 4_999, 5_000, 5_001, 10 * SECOND, 45 * SECOND, MINUTE, 4 * MINUTE, 5 * MINUTE - 1,
    5 * MINUTE, 5 * MINUTE + 1, 12 * MINUTE, 30 * MINUTE - 1, 30 * MINUTE, 45 * MINUTE, 2 * HOUR, 5 * HOUR, 23 * HOUR,
)  # fmt: skip
"""Between the arrivals of two records."""
AGO = (0, 0, 0, 1, 5 * SECOND, MINUTE, 6 * MINUTE, 29 * MINUTE, 31 * MINUTE, 90 * MINUTE - 1, 90 * MINUTE, 3 * HOUR)
"""How long before its arrival something happened."""
LASTING = (None, None, -MINUTE, 0, 1, MINUTE, 10 * MINUTE, 40 * MINUTE, 4 * HOUR, 4 * HOUR + 1, 30 * HOUR)
NAMES = (
    "page_view", "page_view", "scroll", "scroll", "button_click", "search", "time_ping", "heartbeat", "idle", "active",
    "login", "session_start", "session_end", "session_end", "video_play", "video_play", "video_pause", "video_seek",
    "video_stop", "video_complete", "video_buffering", "quiz_submit", "lesson_start", "lesson_complete",
    "course_enroll", "Wiki page",
)  # fmt: skip
MAYBE = {
    "class_id": ("7A", "7B"),
    "course_id": ("c1", "c2"),
    "chapter_id": ("ch1", "ch1", "ch2"),
    "lesson_id": ("l1",),
    "session_id": ("x", "y"),
    "device_type": ("mobile", "desktop"),
    "page_url": ("/a", "/b", "/a?x=1", "/a?x=2", "?x=1"),
}
NUMBERS: dict[str, tuple[Any, ...]] = {
    "scroll_depth": (0, 12.34, 100, 100.06, "50"),
    "position_s": (0, 5, 12.5, 60, 61, 280, -1),
    "video_duration_s": (60, 280.5, 0),
    "playback_rate": (0.5, 1.25, 2, 0, 17),
    "from_s": (5, 60),
    "to_s": (0, 100),
    "score": (85,),
    "user_agent": (*AGENTS,),
}


def _some(choices: dict[str, tuple[Any, ...]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in choices.items()})


@dataclass
class Drawn:
    """One record: the pause before it, and what it says."""

    pause: int
    kind: str
    student: int
    ago: int
    name: str
    fields: dict[str, Any]
    metadata: dict[str, Any]
    video: str | None
    hidden: bool
    lasting: int | None
    of: int


DRAWN = st.builds(
    Drawn,
    pause=st.sampled_from(PAUSES),
    kind=st.sampled_from(("click",) * 11 + ("view",) * 3 + ("alias", "repeat", "tick", "teacher", "broken", "consent")),
    student=st.integers(0, 1),
    ago=st.sampled_from(AGO),
    name=st.sampled_from(NAMES),
    fields=_some(MAYBE),
    metadata=_some(NUMBERS),
    video=st.sampled_from((None, "v1", "v1", "v2")),
    hidden=st.booleans(),
    lasting=st.sampled_from(LASTING),
    of=st.integers(0, 40),
)


@dataclass
class _Log:
    now: int
    records: list[Record] = field(default_factory=list)
    lengths: dict[str, int] = field(default_factory=dict)

    def add(self, topic: str, value: bytes | None, tick: int | None = None) -> None:
        offset = self.lengths.get(topic, 0)
        self.lengths[topic] = offset + 1
        self.records.append(Record(topic, 0, offset, self.now, value, b"k", tick))


def log_of(drawn: list[Drawn], closing: int | None, start: int) -> list[Record]:
    """Returns the records of one task, in the order of arrival.

    Args:
        drawn: What was drawn.
        closing: How long after the last record every topic is ticked; None where none is.
        start: When it begins.
    """
    log = _Log(start)
    for number, one in enumerate(drawn):
        log.now += one.pause
        known = [record for record in log.records if record.value is not None]
        if one.kind == "repeat" and known:
            again = known[one.of % len(known)]
            log.add(again.topic, _later(again.value, log.now - one.ago) if one.student else again.value)
        elif one.kind == "tick":
            log.add((CLICKS, VIEWS)[one.student], None, log.now - one.ago)
        elif one.kind == "broken":
            log.add((CLICKS, VIEWS)[one.student], b'{"student_id": "s0"}')
        elif one.kind == "consent":
            log.add((CLICKS, VIEWS, ALIAS)[one.of % 3], json.dumps(_consent(one, number, log.now)).encode())
        elif one.kind == "view":
            log.add(VIEWS, json.dumps(_view(one, number, log.now)).encode())
        else:
            log.add(ALIAS if one.kind == "alias" else CLICKS, json.dumps(_click(one, number, log.now)).encode())
    if closing is not None:
        log.now += closing
        for topic in sorted(log.lengths):
            log.add(topic, None, log.now)
    return log.records


def _later(value: bytes | None, at: int) -> bytes | None:
    """Returns a value under another time: whoever sends again may say when he does."""
    if value is None:
        return None
    body = json.loads(value)
    for name in ("timestamp", "start_time"):
        if name in body:
            body[name] = at
    return json.dumps(body).encode()


def logs(most: int = 35) -> st.SearchStrategy[list[Record]]:
    """Returns logs of one task."""
    closings = st.sampled_from((None, 0, 5 * MINUTE, 40 * MINUTE, 3 * HOUR, 12 * HOUR))
    return st.builds(log_of, st.lists(DRAWN, min_size=1, max_size=most), closings, st.sampled_from(STARTS))


def _click(one: Drawn, number: int, now: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "event_id": str(uuid.uuid5(uuid.NAMESPACE_URL, str(number))),
        "student_id": f"s{one.student}",
        "event_name": one.name,
        "timestamp": now - one.ago,
        "metadata": one.metadata | ({"hidden": True} if one.hidden else {}),
    }
    if one.kind == "teacher":
        body["role"] = "teacher"
    if one.video and (one.name.startswith("video_") or one.name in ("time_ping", "heartbeat")):
        body["video_id"] = one.video
    return body | one.fields


def _consent(one: Drawn, number: int, now: int) -> dict[str, Any]:
    name = "consent_given" if one.hidden else "consent_withdrawn"
    body = {"event_id": str(uuid.uuid5(uuid.NAMESPACE_URL, str(number))), "student_id": f"s{one.student}"}
    return body | {"event_name": name, "timestamp": now - one.ago}


def _view(one: Drawn, number: int, now: int) -> dict[str, Any]:
    ended = now - one.ago
    start = ended - max(0, one.lasting or 0)
    body: dict[str, Any] = {
        "event_id": str(uuid.uuid5(uuid.NAMESPACE_URL, str(number))),
        "student_id": f"s{one.student}",
        "chapter_id": one.fields.get("chapter_id", "ch3"),
        "start_time": start,
    }
    if one.lasting is not None:
        body["end_time"] = start + one.lasting
    known = {name: one.fields[name] for name in ("class_id", "course_id") if name in one.fields}
    return body | known | {"scroll_depth": one.metadata.get("scroll_depth")}
