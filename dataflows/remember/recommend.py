"""Records of `revision_recommendation_events`: one for every review that fell due before it was done."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from dataflows.events.ids import NAMESPACE
from dataflows.remember.memories import Memories
from dataflows.remember.signals import Signals

EVENT_TYPE = "revision_recommended"

#: As of the moment at which a review falls due.
URGENCY = "medium"


class Recommendation(msgspec.Struct, omit_defaults=False):
    """One record's value; docs/events.md says what the fields mean."""

    event_id: str
    user_id: str
    domain: str | None
    module: str
    event_type: str
    urgency: str
    scheduled_at: str
    timestamp: str
    last_score: float
    model: str


def recommendation_id(user: str, module: str, due_ms: int) -> str:
    """Returns the id of a recommendation: uuid5 of user, module and due time, so that a repeat is known as one.

    Example:
        >>> recommendation_id("user123", "dsa-arrays", 1738097265714)
        '0f4faa19-1e86-5b1a-a0a2-8ad8e1c9b3a3'
    """
    name = f"{user}|{module}|{due_ms}".encode()
    digest = hashlib.sha1(NAMESPACE.bytes + name, usedforsecurity=False).digest()
    return str(UUID(bytes=digest[:16], version=5))


def recommendation_records(memories: Memories, signals: Signals) -> list[tuple[bytes, bytes]]:
    """Returns (key, value) of the records of signals that were not announced before, in the order of their times."""
    new = signals.take(~signals.announced)
    if not len(new):
        return []
    names = memories.pairs.names(new.pair)
    score = memories.attempts.of(new.row).score.tolist()
    model = [memories.models[code] for code in memories.model[new.pair].tolist()]
    domain = [memories.domains.values[code] for code in new.domain.tolist()]
    encode = msgspec.json.Encoder().encode
    columns = (new.due_ms.tolist(), names["user_id"], names["module"], domain, score, model)
    rows = sorted(zip(*columns, strict=True), key=lambda row: row[:3])
    return [(user.encode(), encode(_recommendation(user, module, due, *said))) for due, user, module, *said in rows]


def _recommendation(  # noqa: PLR0913
    user: str, module: str, due_ms: int, domain: str | None, score: float, model: str
) -> Recommendation:
    due = iso(due_ms)
    return Recommendation(
        recommendation_id(user, module, due_ms),
        user,
        domain,
        module,
        EVENT_TYPE,
        URGENCY,
        due,
        due,
        score,
        model,
    )


def iso(time_ms: int) -> str:
    """Returns a time as ISO 8601 in UTC with milliseconds.

    Example:
        >>> iso(1737887400000)
        '2025-01-26T10:30:00.000Z'
    """
    seconds, ms = divmod(time_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"
