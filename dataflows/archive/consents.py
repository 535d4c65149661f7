"""The consents that the database holds of a task: what the step `consent` starts from without a snapshot."""

from __future__ import annotations

from typing import Any, Final

import psycopg

from dataflows.operators.consent import State

_CONSENTS: Final = """
SELECT topic, student_id, kafka_offset, withdrawn, event_id FROM consents WHERE partition = %s
ORDER BY topic, student_id, kafka_offset
"""


def known_consents(connection: psycopg.Connection[Any], task: int) -> tuple[State, list[tuple[Any, ...]]]:
    """Returns the state of `GateConsent` once a task has read all that the flows have met.

    Each consent has its place, so it holds for what lies behind it and for nothing before: a state that knows more
    than its task has read says the same.
    """
    found: State = {}
    for topic, student, place, withdrawn, event_id in connection.execute(_CONSENTS, (task,)):
        of, ids = found.setdefault(topic, ({}, set()))
        of.setdefault(student, []).append((place, withdrawn))
        ids.add(str(event_id))
    return found, []
