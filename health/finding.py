"""What a check found: the part, how it is, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class State(StrEnum):
    """How a part is. Only `WRONG` makes the doctor fail; `NOTE` is worth knowing."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's table.

    Attributes:
        part: The part, for example `kafka`.
        check: What of it was looked at.
        state: How it is.
        detail: What was seen.
        advice: What to do; empty where nothing is to be done.
    """

    part: str
    check: str
    state: State
    detail: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        """Returns the finding for JSON."""
        return {name: str(value) for name, value in asdict(self).items()}


def ok(part: str, check: str, detail: str) -> Finding:
    """Returns that something is as it should be."""
    return Finding(part, check, State.OK, detail)


def note(part: str, check: str, detail: str, advice: str = "") -> Finding:
    """Returns something that is no fault and worth knowing."""
    return Finding(part, check, State.NOTE, detail, advice)


def wrong(part: str, check: str, detail: str, advice: str) -> Finding:
    """Returns a fault with the way out of it."""
    return Finding(part, check, State.WRONG, detail, advice)
