"""Whose events count, by what one topic-partition tells of consent: read record by record, in the order of the log."""

from __future__ import annotations

import json
from collections.abc import Container

from tests.oracle.reading import Event, Record, read

NAMES = ("consent_withdrawn", "consent_given")


class Consents:
    """Of one topic-partition; a consent told again, under the same id, changes nothing."""

    def __init__(self, duties: Container[str] = ()) -> None:
        self._duties = duties
        self._withdrawn: set[str] = set()
        self._known: set[str] = set()

    def holds_back(self, event: Event) -> bool:
        """Takes the next event; returns whether it counts nowhere: a consent, or one behind a withdrawal."""
        if event.event_name not in NAMES:
            return event.student_id in self._withdrawn and event.event_name not in self._duties
        if event.event_id not in self._known:
            self._known.add(event.event_id)
            if event.event_name == "consent_withdrawn":
                self._withdrawn.add(event.student_id)
            else:
                self._withdrawn.discard(event.student_id)
        return True

    def holds_back_of(self, student_id: str) -> bool:
        """Returns whether a student's next event counts nowhere, were it no consent and no duty."""
        return student_id in self._withdrawn


def consent_in(record: Record, max_future_ms: int, max_bytes: int) -> Event | None:
    """Returns the consent in a record of any topic; None where it is something else."""
    try:
        body = json.loads(record.value or b"")
    except ValueError:
        return None
    if not isinstance(body, dict) or (body.get("event_name") or body.get("event_type")) not in NAMES:
        return None
    event = read(record, max_future_ms, max_bytes)
    return event if isinstance(event, Event) else None
