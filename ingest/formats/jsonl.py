"""Own events as JSON, each sent to the topic that its content names: one a line, or documents of any shape."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from dataflows.kafka.peek import event_time_ms, student_key
from dataflows.kafka.topics import CHAPTER_VIEWS, CLICKSTREAM
from ingest.formats import LARGEST, Entry, FormatError, Unreadable, too_large
from ingest.formats.documents import events_in
from ingest.formats.opening import head_of
from ingest.formats.values import values_of

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
    """Yields an entry for each event of the file; blank lines are nothing at all.

    As a rule that is a JSON object a line, published byte for byte as it lies in the file. Arrays, objects over several
    lines and one after the other are read too.

    Raises:
        FormatError: The file is something else, which the message names.
    """
    head = head_of(path)
    if not head.lstrip("\ufeff \t\r\n").startswith(("{", "[")) and _looks_like_a_table(head):
        message = f"{path} is a table, not JSON: if it is Moodle's log, say --format moodle"
        raise FormatError(message)
    for item in values_of(path):
        if isinstance(item, Unreadable):
            yield item
        else:
            yield from _entries(*item)


def _entries(number: int, value: bytes, document: object) -> Iterator[Entry | Unreadable]:
    """Yields the events of a document: itself, or those of the list that it is or holds."""
    if isinstance(document, dict) and len(document) > 1:
        yield _entry(number, document, value)
        return
    held = events_in(document)
    if held is None:
        yield _entry(number, document, value) if isinstance(document, dict) else Unreadable(number, "not a JSON object")
        return
    for event in held:
        yield (
            _entry(number, event, msgspec.json.encode(event))
            if isinstance(event, dict)
            else Unreadable(number, "not a JSON object")
        )


def _entry(number: int, event: dict[str, Any], value: bytes) -> Entry | Unreadable:
    if len(value) > LARGEST:
        return too_large(number, len(value))
    topic = topic_of(event)
    return Entry(topic, event_time_ms(event, topic), student_key(event), value)


def _looks_like_a_table(head: str) -> bool:
    first, *more = head.lstrip("\ufeff").splitlines()[:3] or [""]
    return any(
        first.count(mark) >= 2 and first.count(mark) == line.count(mark) for mark in ",;\t" for line in more
    ) or ("event name" in first.lower())


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
