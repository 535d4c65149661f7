"""One event on its way through the gateway, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from dataflows.events.rejects import Reason

Status = Literal["ok", "spooled", "duplicate", "rejected", "retry", "withheld"]

STORED: Final = frozenset({"ok", "spooled"})
_FIELD_REASONS: Final = frozenset({"missing_field", "bad_type", "bad_timestamp"})


class Entry:
    """An event as the gateway stores it.

    Attributes:
        topic: The contract's name of its topic.
        key: The student's id as UTF-8.
        value: The event's JSON, as it goes to Kafka.
        event_id: Its UUID; empty where it could not be read.
        event_ms: Event time, epoch milliseconds.
        name: The event's name; empty until it was judged.
        copies: Of a consent: what the other topics are told.
        rank: 0, 1 or 2 for requirement 003's P0, P1, P2.
        status: What became of it; None while that is open.
        reason: Why it was rejected.
        detail: What exactly is wrong, in words.
    """

    __slots__ = (
        "copies",
        "detail",
        "event_id",
        "event_ms",
        "key",
        "name",
        "rank",
        "reason",
        "status",
        "topic",
        "value",
    )

    def __init__(self, value: bytes) -> None:
        """Begins with what the client sent."""
        self.value = value
        self.topic = ""
        self.key = b""
        self.event_id = ""
        self.event_ms = 0
        self.name = ""
        self.copies: Sequence[Entry] = ()
        self.rank = 1
        self.status: Status | None = None
        self.reason: Reason | None = None
        self.detail = ""

    def reject(self, reason: Reason, detail: str) -> None:
        """Notes that it is no event."""
        self.status, self.reason, self.detail = "rejected", reason, detail

    def result(self) -> dict[str, Any]:
        """Returns what the client is told."""
        if self.reason is None:
            return {"id": self.event_id, "status": self.status}
        said: dict[str, Any] = {"id": self.event_id or None, "status": self.status, "reason": self.reason}
        if self.reason in _FIELD_REASONS:
            said["field"] = self.detail.partition(":")[0]
        return said | {"detail": self.detail}
