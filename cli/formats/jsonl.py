"""Own events, one JSON object a line, each sent to the topic that its content names."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from cli.formats import Entry, Unreadable, open_log
from dataflows.kafka.peek import event_time_ms, student_key
from dataflows.kafka.topics import CHAPTER_VIEWS, CLICKSTREAM

# the learning events of requirement 004, by what their event_type begins with
LEARNING_PREFIXES: Final = (
    ("diagnostic_quiz", "diagnostic_quiz_events"),
    ("module_quiz", "module_quiz_events"),
    ("module_", "module_completion_events"),
    ("learning_domain", "learning_domain_selection_events"),
    ("domain_select", "learning_domain_selection_events"),
    ("user_login", "user_login_events"),
)


def read_jsonl(path: Path) -> Iterator[Entry | Unreadable]:
    """Yields an entry for each JSON object of the file; blank lines are nothing at all.

    The value is published byte for byte as it lies in the file.
    """
    decode = msgspec.json.Decoder().decode
    number = 0
    with open_log(path) as lines:
        try:
            for number, line in enumerate(lines, 1):  # noqa: B007 (the number is needed when the file breaks off)
                value = line.strip()
                if not value:
                    continue
                try:
                    event = decode(value)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    yield Unreadable(number, f"not JSON: {error}")
                    continue
                if isinstance(event, dict):
                    topic = topic_of(event)
                    yield Entry(topic, event_time_ms(event, topic), student_key(event), value)
                else:
                    yield Unreadable(number, "not a JSON object")
        except (EOFError, OSError, zlib.error) as error:
            yield Unreadable(number + 1, f"the file breaks off: {error}")


def topic_of(event: dict[str, Any]) -> str:
    """Returns the topic (without prefix) where an event belongs.

    Example:
        >>> topic_of({"event_type": "module_quiz_completed"}), topic_of({"event_name": "scroll"})
        ('module_quiz_events', 'clickstream_events')
    """
    if "event_name" in event:
        return CLICKSTREAM
    kind = event.get("event_type")
    if isinstance(kind, str):
        for prefix, topic in LEARNING_PREFIXES:
            if kind.startswith(prefix):
                return topic
    if "start_time" in event and "chapter_id" in event:
        return CHAPTER_VIEWS
    return CLICKSTREAM
