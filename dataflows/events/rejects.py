"""What is turned away at the door: reasons, the record of a reject, and the exception that carries one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NoReturn

Reason = Literal[
    "not_json", "missing_field", "bad_type", "bad_timestamp", "future", "too_old", "too_large", "unknown_topic"
]


REMEDIES: Final[dict[Reason, str]] = {
    "not_json": "Send one JSON object a record, in UTF-8.",
    "missing_field": "Send student_id, event_name and timestamp with every event.",
    "bad_type": "Send ids as text of at most 256 characters, and numbers as numbers.",
    "bad_timestamp": "Send epoch milliseconds, or ISO 8601 with an offset or Z.",
    "future": "Set the sender's clock; CLASSPULSE_MAX_FUTURE_S says how far ahead it may be.",
    "too_old": "Publish an old log with `classpulse replay`; CLASSPULSE_MAX_AGE_DAYS says how old live events may be.",
    "too_large": "Send less with each event; CLASSPULSE_MAX_EVENT_BYTES says how much is taken.",
    "unknown_topic": "Send to the topics that `classpulse topics` lists, with their prefix.",
}
"""What the sender has to change, for each reason."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One record that is not an event, with its place in the log and its bytes as they came.

    Attributes:
        reason: One of the contract's reasons.
        detail: What exactly is wrong, for the person who sends it; begins with the field where there is one.
        topic: The topic's name on the broker.
        partition: Kafka partition.
        offset: Kafka offset.
        append_ms: Append time, epoch milliseconds.
        payload: The value; empty for a record without one.
    """

    reason: Reason
    detail: str
    topic: str
    partition: int
    offset: int
    append_ms: int
    payload: bytes


class RejectedError(Exception):
    """Raised by the rules, caught by the decoders, seen by nobody else."""

    def __init__(self, reason: Reason, detail: str) -> None:
        """Keeps the reason and the detail."""
        super().__init__(reason, detail)
        self.reason: Reason = reason
        self.detail = detail


def refuse(reason: Reason, detail: str) -> NoReturn:
    """Turns an event away."""
    raise RejectedError(reason, detail)
