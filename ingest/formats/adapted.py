"""Files of other platforms' documents: each becomes entries by its adapter, or says why not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from dataflows.kafka.peek import event_time_ms, student_key
from ingest.formats import LARGEST, Entry, Item, Uncounted, Unreadable, too_large
from ingest.formats.adapter import Adapter, Event, Outcome, Refused, Skipped
from ingest.formats.jsonl import topic_of
from ingest.formats.values import values_of


def read_adapted(path: Path, adapter: Adapter, class_id: str | None = None) -> Iterator[Item]:
    """Yields what the documents of a file become.

    A record without a student or a time is published as it is, so that the flows reject it with its reason.

    Args:
        path: JSON lines, arrays or objects one after the other, plain or packed.
        adapter: That of the format.
        class_id: The class of events that name none.

    Raises:
        FormatError: The file is something else, which the message names.
    """
    for value in values_of(path, prefixed=adapter.prefixed):
        if isinstance(value, Unreadable):
            yield value
            continue
        line, _, document = value
        for where, part in adapter.parts(document):
            yield from items_of(line, where, adapter.events(part), class_id)


def items_of(line: int, where: str, outcome: Outcome, class_id: str | None = None) -> Iterator[Item]:
    """Yields what is published of an outcome, or what is told of it."""
    if isinstance(outcome, Skipped):
        yield Uncounted(line, outcome.why)
    elif not isinstance(outcome, Refused):
        yield from (_entry(line, event, class_id) for event in outcome)
    elif outcome.event is None:
        path = ".".join(filter(None, (where, outcome.path)))
        yield Unreadable(line, f"{path}: {outcome.detail}" if path else outcome.detail)
    else:
        yield _entry(line, outcome.event, class_id)


def _entry(line: int, event: Event, class_id: str | None) -> Entry | Unreadable:
    if class_id and "class_id" not in event:
        event = {**event, "class_id": class_id}
    value = msgspec.json.encode(event)
    if len(value) > LARGEST:
        return too_large(line, len(value))
    topic = topic_of(event)
    return Entry(topic, event_time_ms(event, topic), student_key(event), value)
