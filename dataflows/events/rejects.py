"""What is turned away at the door: reasons, the record of a reject, and the exception that carries one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NoReturn

Reason = Literal["not_json", "missing_field", "bad_type", "bad_timestamp", "future", "too_old", "too_large", "unknown_topic"]


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
