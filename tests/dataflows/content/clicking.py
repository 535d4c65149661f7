"""Clickstream events as the content flow's operators get them: decoded, with the task's student codes."""

from __future__ import annotations

import json
import uuid
from typing import Any, Final

import numpy as np

from dataflows.batch import Records
from dataflows.content.columns import Events, events_of
from dataflows.events.studied import decode_studied
from dataflows.operators.dictionary import Dictionary

NOON_MS: Final = 1_700_049_600_000
"""2023-11-15 12:00 UTC."""
HOUR_MS: Final = 3_600_000


def event(student: str, name: str, at_ms: int, nth: int = 0, **more: Any) -> dict[str, Any]:
    """Returns an event; `nth` tells apart those that are equal otherwise."""
    event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{student}{name}{at_ms}{nth}"))
    return {"event_id": event_id, "student_id": student, "event_name": name, "timestamp": at_ms, **more}


def decoded(sent: list[dict[str, Any]], students: Dictionary[str], begin: int = 0) -> Events:
    """Returns the events as columns.

    Args:
        sent: What came.
        students: Gives the task's codes.
        begin: The first one's place in the log.
    """
    values: list[bytes | None] = [json.dumps(one).encode() for one in sent]
    appended = [one["timestamp"] for one in sent]
    count = len(sent)
    studied = decode_studied(
        Records("clickstream_events", 0, list(range(begin, begin + count)), appended, [None] * count, values)
    )
    assert not studied.rejects
    events = events_of(studied, np.ones(count, np.bool_), np.zeros(count, np.bool_), 0)
    if count:
        events.student = students.codes(events.students)[events.student]
    return events
