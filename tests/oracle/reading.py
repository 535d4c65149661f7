"""What one clickstream record says: an event, a tick, or a reject with its reason.

Written from the contract alone, with `json` and `uuid` of the standard library. It covers the spellings
that our tests send, not every spelling that the decoder accepts.

Decisions where the text leaves room:

- Checks run over the whole record in the order too_large, not_json, missing_field, bad_type,
  bad_timestamp, future.
- A tick whose header is no integer is no tick; a record without a value and without a tick is
  `not_json`.
- Fractions of a millisecond are cut, never rounded.
- An event without an id gets a uuid5 of this module's own namespace: its value is not comparable, its
  sameness is.
- The type that a name stands for is written nowhere in the contract: it follows the decoder's documentation.
- Events of one instant are told topic by topic, in this order, and within a topic as they lie in the log.
- `hidden` is looked for where unknown fields end up: in `metadata`, else beside it.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

YEAR_2000_MS = 946_684_800_000
YEAR_2100_MS = 4_102_444_800_000
NAMESPACE = uuid.UUID("0ac1e000-0000-4000-8000-000000000000")
PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
NUMBERS = {"score", "price", "position_s", "video_duration_s", "playback_rate", "from_s", "to_s", "scroll_depth"} | {
    "duration", "time_taken",
}  # fmt: skip
ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s?(Z|z|[+-]\d\d:?\d\d|[+-]\d\d)")
STRICT = ("role", "class_id", "grade", "subject_id", "course_id", "chapter_id", "session_id")
LENIENT = (
    "lesson_id",
    "video_id",
    "assessment_id",
    "device_type",
    "os",
    "browser",
    "country_code",
    "page_url",
)
KNOWN = {
    "event_id",
    "student_id",
    "user_id",
    "event_name",
    "event_type",
    "timestamp",
    "device",
    "metadata",
    "context",
    "payload",
    *STRICT,
    *LENIENT,
}
AGENTS = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0": {
        "device_type": "desktop",
        "os": "Linux",
        "browser": "Firefox",
    },
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 "
    "Mobile/15E148 Safari/604.1": {"device_type": "mobile", "os": "iOS", "browser": "Safari"},
}
"""User agents that our tests send, and what they say where nothing else does."""
TOPIC_ORDER = (
    "clickstream_events",
    "lms_clickstream",
    "chapter_view_events",
    "user_login_events",
    "learning_domain_selection_events",
    "diagnostic_quiz_events",
    "module_quiz_events",
    "module_completion_events",
)
TYPE_OF_PREFIX = (
    ("video_", "video_event"),
    ("quiz_", "quiz_action"),
    ("assignment_", "assignment"),
    ("session_", "session"),
    ("course_", "course"),
    ("lesson_", "lesson"),
    ("forum_", "forum"),
)
TYPE_OF_NAME = {
    "page_view": "page_view",
    "scroll": "page_view",
    "chapter_view": "page_view",
    "heartbeat": "heartbeat",
    "time_ping": "heartbeat",
    "idle": "session",
    "active": "session",
    "login": "session",
}


@dataclass(frozen=True)
class Record:
    """One Kafka record; `tick` is the header's number where the record has one."""

    topic: str
    partition: int
    offset: int
    append_ms: int
    value: bytes | None
    key: bytes | None = None
    tick: int | None = None


@dataclass(frozen=True)
class Event:
    """An accepted event, with every column of the table `events` that it decides.

    `place` is where it lies: the rank of its topic, and its offset.
    """

    event_ms: int
    place: tuple[int, int]
    event_id: str
    student_id: str
    role: str
    event_type: str
    event_name: str
    texts: dict[str, str | None]
    metadata: dict[str, Any] | None
    hidden: bool


@dataclass(frozen=True)
class Reject:
    """A record that is no event, and why."""

    reason: str
    detail: str


class _RejectError(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reject = Reject(reason, detail)


NUMERIC = {"score", "price", "position_s", "video_duration_s", "playback_rate", "from_s", "to_s", "scroll_depth"} | {
    "duration",
    "time_taken",
}


def _refuse(reason: str, detail: str) -> NoReturn:
    raise _RejectError(reason, detail)


def read(record: Record, max_future_ms: int, max_bytes: int) -> Event | Reject:
    """Returns the event that `record` (no tick) holds, or the reason why it holds none."""
    try:
        return _read(record, max_future_ms, max_bytes)
    except _RejectError as error:
        return error.reject


def _read(record: Record, max_future_ms: int, max_bytes: int) -> Event:
    body = _object(record.value, max_bytes)
    places = [
        body,
        *(body[name] for name in ("context", "payload", "metadata") if isinstance(body.get(name), dict)),
    ]

    def find(name: str) -> Any:
        return next((p[name] for p in places if p.get(name) is not None and p[name] != ""), None)

    student = find("student_id") if find("student_id") is not None else find("user_id")
    given_name, given_type, stamp, event_id = (find(n) for n in ("event_name", "event_type", "timestamp", "event_id"))
    for field, value in (
        ("student_id", student),
        ("event_name", given_name or given_type),
        ("timestamp", stamp),
    ):
        if value is None:
            _refuse("missing_field", field)
    _check_types(body, {"student_id": student, "event_name": given_name, "event_type": given_type})
    texts = {name: _scalar(name, find(name)) for name in STRICT}
    event_uuid = _uuid(event_id, record)
    extras = dict(body.get("metadata") or {})
    device = body.get("device")
    if isinstance(device, str):
        device = {"type": device}
    device = device or {}
    for name in LENIENT:
        inner = (
            device.get({"device_type": "type"}.get(name, name)) if name in ("device_type", "os", "browser") else None
        )
        value = find(name) if find(name) is not None else inner
        if isinstance(value, dict | list):
            extras[name], value = value, None
        texts[name] = _text(value) if value is not None and value != "" else None
    extras |= {name: value for name, value in body.items() if name not in KNOWN}
    for name, said in AGENTS.get(str(extras.get("user_agent")), {}).items():
        texts[name] = texts[name] or said
    for name in NUMBERS & extras.keys():
        extras[name] = _number(name, extras[name])
    event_ms = _timestamp(stamp)
    extras = {name: _said_number(name, value) if name in NUMERIC else value for name, value in extras.items()}
    if event_ms > record.append_ms + max_future_ms:
        _refuse("future", str(stamp))
    name = _text(given_name if given_name is not None else given_type)
    is_ping = name in ("time_ping", "heartbeat") or given_type == "heartbeat"
    return Event(
        event_ms=event_ms,
        place=place_of(record),
        event_id=event_uuid,
        student_id=_text(student),
        role=texts.pop("role") or "student",
        event_name=name,
        event_type=_text(given_type) if given_name is not None and given_type is not None else type_of(name),
        texts=texts,
        metadata=extras or None,
        hidden=is_ping and extras.get("hidden") is True,
    )


def place_of(record: Record) -> tuple[int, int]:
    """Returns where a record lies; the names of topics may have a prefix."""
    return next(rank for rank, name in enumerate(TOPIC_ORDER) if record.topic.endswith(name)), record.offset


def _number(name: str, value: Any) -> int | float | None:
    """Returns a number, or the one that a text plainly is; whatever else is sent under its name rejects the event."""
    if isinstance(value, str) and len(value.strip()) <= 64 and PLAIN_NUMBER.fullmatch(value.strip()):
        value = float(value) if re.search(r"[.eE]", value) else int(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse("bad_type", name)
    return value


def as_number(value: Any) -> float | None:
    """Returns a number of the metadata of an accepted event."""
    return None if value is None else float(value)


def number_of(place: tuple[int, int]) -> int:
    """Returns the number by which tables speak of a place."""
    return place[0] * 2**56 + place[1]


def _said_number(name: str, value: Any) -> Any:
    """Returns a number, or what a text plainly says to be one; what is neither rejects the event."""
    if isinstance(value, str) and value.strip() and not set(value) & set("_nN"):
        try:
            return float(value)
        except ValueError:
            _refuse("bad_type", name)
    if value is None or value == "" or (isinstance(value, int | float) and not isinstance(value, bool)):
        return None if value == "" else value
    _refuse("bad_type", name)


def moment(value: Any) -> int | None:
    """Returns a time in any spelling as epoch milliseconds; None where it is none."""
    try:
        return _timestamp(value)
    except _RejectError:
        return None


def type_of(name: str) -> str:
    """Returns the event type that a name stands for when the event does not say."""
    if name in TYPE_OF_NAME:
        return TYPE_OF_NAME[name]
    return next((kind for prefix, kind in TYPE_OF_PREFIX if name.startswith(prefix)), "click")


def _object(value: bytes | None, max_bytes: int) -> dict[str, Any]:
    if value is not None and len(value) > max_bytes:
        _refuse("too_large", f"{len(value)} bytes")
    try:
        body = json.loads(value) if value is not None else None
    except ValueError:
        _refuse("not_json", "unreadable")
    if not isinstance(body, dict):
        _refuse("not_json", "not an object")
    return body


def _check_types(body: dict[str, Any], scalars: dict[str, Any]) -> None:
    for field, value in scalars.items():
        _scalar(field, value)
    if isinstance(body.get("timestamp"), dict | list):
        _refuse("bad_type", "timestamp")
    for field in ("metadata", "context", "payload", "device"):
        value = body.get(field)
        if value is not None and not isinstance(value, dict) and not (field == "device" and isinstance(value, str)):
            _refuse("bad_type", field)


def _scalar(field: str, value: Any) -> str | None:
    if isinstance(value, dict | list):
        _refuse("bad_type", field)
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.replace("\0", "")
    return json.dumps(value)


def _uuid(value: Any, record: Record) -> str:
    if value is None:
        return str(uuid.uuid5(NAMESPACE, f"{record.topic}|{record.key!r}|{record.value!r}"))
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError):
        _refuse("bad_type", "event_id")


def _timestamp(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, str) and ISO.fullmatch(value):
        value = _iso(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse("bad_timestamp", str(value))
    if not YEAR_2000_MS <= value < YEAR_2100_MS:
        _refuse("bad_timestamp", str(value))
    return int(value)


def _iso(text: str) -> int | None:
    fraction = re.search(r"\.(\d+)", text)
    millis = int((fraction.group(1) + "000")[:3]) if fraction else 0
    try:
        moment = datetime.fromisoformat(re.sub(r"\.\d+", "", text).upper().replace(" ", "T", 1).replace(" ", ""))
    except ValueError:
        return None
    return round(moment.timestamp()) * 1000 + millis
