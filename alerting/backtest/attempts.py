"""Quiz attempts from before a backtest begins, as records: a curve is the sum of all reviews, however long ago."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

import psycopg

from alerting.backtest.archive import Place
from dataflows.batch import Records
from dataflows.settings import Settings

TOPICS: Final = {"diagnostic": "diagnostic_quiz_events", "module": "module_quiz_events"}
TABLES: Final = frozenset({"quiz_attempts", "memory_state"})
"""What is read of what is stored: the attempts, and in which task a student lives."""

_ATTEMPTS: Final = """
SELECT coalesce(t.task, 0), a.quiz_type, (extract(epoch FROM a.attempted_at) * 1000)::bigint, a.event_id, a.user_id,
       a.class_id, a.domain, a.course, a.module, a.score, a.time_taken_seconds
FROM quiz_attempts a
LEFT JOIN (SELECT user_id, max(task) AS task FROM memory_state GROUP BY user_id) t ON t.user_id = a.user_id
WHERE a.attempted_at < %s
ORDER BY a.attempted_at, a.event_id
"""
_FIELDS: Final = (
    "timestamp", "event_id", "user_id", "class_id", "domain", "course", "module", "score", "time_taken"
)  # fmt: skip


def attempts_before(source: psycopg.Connection[Any], start: datetime, settings: Settings) -> dict[Place, Records]:
    """Returns the stored attempts as the events that told them.

    Args:
        source: Only read.
        start: Before it.
        settings: Names of topics.
    """
    found: dict[Place, Records] = {}
    for task, kind, at_ms, *said in source.execute(_ATTEMPTS, (start,)).fetchall():
        place = settings.topic(TOPICS[kind]), task
        records = found.setdefault(place, Records(*place, accepted=True))
        event = dict(zip(_FIELDS, (at_ms, *said), strict=True))
        records.offsets.append(len(records.offsets))
        records.append_ms.append(at_ms)
        records.keys.append(None)
        records.values.append(json.dumps({name: value for name, value in event.items() if value is not None}).encode())
    return found
