"""What one record says about learning: an attempt at a quiz, a fact of another kind, or nothing that counts.

Plain Python over `tests.oracle.reading`, one record at a time. Learning events carry their fields at the top level;
`quiz_submit` in the clickstream carries them in its metadata.

Decisions where the text leaves room:

- A score counts if it is a number, or a text that is plainly one, within 0-100; so does a time taken, of any size.
- A domain or a module that is no text and no number is unknown.
- The id of an event that names none is uuid5 over topic, key and the JSON with sorted keys, as docs/events.md says.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from typing import Any

from tests.oracle.reading import Event, Record, as_number, read

CLICKSTREAM = ("clickstream_events", "lms_clickstream")
NAMES = {
    "user_login_events": "user_login",
    "learning_domain_selection_events": "domain_selected",
    "diagnostic_quiz_events": "diagnostic_quiz_completed",
    "module_quiz_events": "module_quiz_completed",
    "module_completion_events": "module_completed",
}
TOPICS = (*CLICKSTREAM, *NAMES)
QUIZZES = {"diagnostic_quiz_events": "diagnostic", "module_quiz_events": "module"}
DERIVED = uuid.uuid5(uuid.NAMESPACE_DNS, "events.classpulse")


@dataclass(frozen=True)
class Attempt:
    """A scored quiz."""

    at: int
    event_id: str
    user: str
    class_id: str | None
    domain: str | None
    course: str | None
    module: str | None
    quiz_type: str
    score: float
    seconds: float | None
    place: tuple[int, int]


@dataclass(frozen=True)
class Fact:
    """A login, a choice of domain, a module that was started or completed."""

    at: int
    event_id: str
    user: str
    kind: str
    domain: str | None
    course: str | None
    module: str | None
    class_id: str | None
    place: tuple[int, int]


def event_of(record: Record, prefix: str, max_future_ms: int, max_bytes: int) -> Event | None:
    """Returns the event in a record, None for a reject; a learning event may lack its name and its time."""
    topic = record.topic.removeprefix(prefix)
    said = read(record, max_future_ms, max_bytes)
    if topic in NAMES and not isinstance(said, Event) and said.detail in ("event_name", "timestamp"):
        body = json.loads(record.value or b"")
        body["event_name"] = body.get("event_name") or body.get("event_type") or NAMES[topic]
        if body.get("timestamp") in (None, ""):
            body["timestamp"] = record.append_ms
        said = read(replace(record, value=json.dumps(body).encode()), max_future_ms, 1 << 30)
    return _with_derived_id(said, record, topic) if isinstance(said, Event) else None


def fact_of(event: Event, topic: str) -> Attempt | Fact | None:
    """Returns what a student's event adds to the tables; None where it adds nothing.

    Args:
        event: An accepted event.
        topic: Its topic, without prefix.
    """
    about = event.metadata or {}
    domain, class_id = _text(about.get("domain")), event.texts["class_id"]
    if topic in CLICKSTREAM:
        if event.event_name != "quiz_submit":
            return None
        kind = "diagnostic" if about.get("quiz_type") == "diagnostic" else "module"
        module = _text(about.get("module")) or event.texts["assessment_id"]
        seconds = _number(about.get("time_taken"))
        seconds = _number(about.get("duration")) if seconds is None else seconds
        return _attempt(event, kind, domain, event.texts["course_id"], module, seconds)
    course = event.texts["course_id"] or _text(about.get("course"))
    module = _text(about.get("module"))
    if topic in QUIZZES:
        return _attempt(event, QUIZZES[topic], domain, course, module, _number(about.get("time_taken")))
    kinds = {"user_login_events": "login", "learning_domain_selection_events": "domain_selected"}
    started = "module_started" if "start" in event.event_name else "module_completed"
    kind = kinds.get(topic, started)
    return Fact(event.event_ms, event.event_id, event.student_id, kind, domain, course, module, class_id, event.place)


def _attempt(
    event: Event, kind: str, domain: str | None, course: str | None, module: str | None, seconds: float | None
) -> Attempt | None:
    score = _number((event.metadata or {}).get("score"))
    if score is None or not 0 <= score <= 100:
        return None
    class_id = event.texts["class_id"]
    identity = (event.event_ms, event.event_id, event.student_id, class_id)
    return Attempt(*identity, domain, course, module, kind, score, seconds, event.place)


def _with_derived_id(event: Event, record: Record, topic: str) -> Event:
    if b'"event_id"' in (record.value or b""):
        return event
    body = json.loads(record.value or b"")
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    topic = "clickstream_events" if topic in CLICKSTREAM else topic
    name = b"|".join((topic.encode(), record.key or b"", text.encode()))
    return replace(event, event_id=str(uuid.uuid5(DERIVED, name.decode())))


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        return None
    return value if isinstance(value, str) else f"{value:g}"


def _number(value: Any) -> float | None:
    return as_number(value)
