"""Hypothesis strategies: valid events, events gone wrong, and bytes that never were any."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.dataflows.events.batches import NOW_MS

_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([7, 7.0, 0, -1, 2**53, 10**40, NOW_MS, NOW_MS + 10**9])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(
        ["", "\0", "a\0b", "7B", "x" * 256, "x" * 257, "video_play", "time_ping", "heartbeat", "é", "\\u0000"]
        + [" 7B", "7B ", "\ufeff7B", "7B\xa0", "e\u0301", " ", "\u200b", "\t7B\n", "85", " 49.90", "1e400", "y" * 257]
    )
)
json_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)

_ids = st.sampled_from(["a", "b", "7B", "ch/3", "Früh", "x y", "0"])
_names = st.sampled_from(["page_view", "video_play", "video_seek", "time_ping", "quiz_submit", "idle", "odd name"])
_times = st.integers(NOW_MS - 10**9, NOW_MS + 300_000) | st.sampled_from(
    [
        "2025-10-09T08:53:20Z",
        "2025-10-09T08:53:20.9999999Z",
        "2025-10-09T14:23:20+05:30",
        "20251009T085320Z",
        str(NOW_MS),
    ]
)
AGENTS = st.sampled_from(
    [
        "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
        "Mozilla/5.0 (iPad; CPU OS 17_1 like Mac OS X) AppleWebKit/605.1.15 Version/17.1 Safari/604.1",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "nothing that is known",
    ]
)
_playback = st.fixed_dictionaries(
    {},
    optional={
        "hidden": st.booleans(),
        "position_s": st.integers(0, 100) | st.floats(0, 100),
        "video_duration_s": st.integers(0, 100),
        "playback_rate": st.sampled_from([0.5, 1, 2]),
        "scroll_depth": st.integers(0, 100),
        "from_s": st.integers(0, 100),
        "to_s": st.floats(0, 100),
        "score": st.integers(0, 100),
        "price": st.sampled_from([0, 9.5, None]),
        "user_agent": AGENTS,
    },
)
_device = st.fixed_dictionaries({}, optional={"type": _ids, "os": _ids, "browser": _ids})
_odd_device = st.dictionaries(st.sampled_from(["type", "os", "browser", "user_agent", "userAgent"]), _ids | AGENTS)

plain_events = st.fixed_dictionaries(
    {"event_id": st.uuids().map(str), "student_id": _ids, "event_name": _names, "timestamp": _times},
    optional={
        "event_type": st.sampled_from(["heartbeat", "click", "video_event"]),
        "role": st.sampled_from(["student", "teacher"]),
        "session_id": _ids,
        "class_id": _ids,
        "grade": _ids,
        "subject_id": _ids,
        "course_id": _ids,
        "chapter_id": _ids,
        "lesson_id": _ids,
        "video_id": _ids,
        "assessment_id": _ids,
        "page_url": _ids,
        "os": _ids,
        "country_code": _ids,
        "device_type": _ids,
        "browser": _ids,
        "device": _device,
        "metadata": _playback,
        "user_agent": AGENTS,
    },
)

_FIELDS = [
    "event_id", "student_id", "user_id", "event_name", "event_type", "timestamp", "event_timestamp", "role",
    "session_id", "class_id", "grade", "subject_id", "course_id", "chapter_id", "lesson_id", "page_url", "os",
    "device_type", "browser", "country_code", "device", "metadata", "context", "payload", "event_data", "hidden",
    "position_s", "video_duration_s", "playback_rate", "start_time", "course", "type", "location", "ip",
    "video_id", "assessment_id", "scroll_depth", "from_s", "to_s", "score", "price", "user_agent", "userAgent",
    "duration", "time_taken", "module", "domain",
    "end_ms", "end_time", "chapter_end_time",
]  # fmt: skip
_field = st.sampled_from(_FIELDS)
_part = st.dictionaries(_field, json_values | _device | _odd_device | AGENTS, max_size=3)


@st.composite
def odd_events(draw: st.DrawFn) -> dict[str, Any]:
    """A plain event of which some fields are gone, replaced or added, at the top or in a part."""
    document: dict[str, Any] = dict(draw(plain_events))
    for field in draw(st.lists(_field, max_size=3)):
        document.pop(field, None)
    document |= draw(st.dictionaries(_field, json_values | _part | AGENTS, max_size=3))
    return document


@st.composite
def values(draw: st.DrawFn) -> bytes | None:
    """A record's value: an event in some spelling of JSON, damaged JSON, any JSON, any bytes, or nothing."""
    document = draw(plain_events | odd_events() | odd_events() | json_values)
    value = json.dumps(document, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    match draw(st.sampled_from(["whole", "whole", "whole", "damaged", "padded", "bytes", "none"])):
        case "damaged":
            at = draw(st.integers(0, len(value)))
            cut = draw(st.integers(0, 3))
            return value[:at] + draw(st.binary(max_size=3)) + value[at + cut :]
        case "padded":
            return value + b" " * draw(st.sampled_from([1, 1100, 70_000]))
        case "bytes":
            return draw(st.binary(max_size=20))
        case "none":
            return None
    return value
