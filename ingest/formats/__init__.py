"""Log formats that `replay` reads: one module each, a file in, entries out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from dataflows.errors import UserError


@dataclass(frozen=True, slots=True)
class Entry:
    """One record to publish.

    Attributes:
        topic: The topic's name without prefix.
        event_ms: The event's time in epoch milliseconds; None where it has none.
        key: The student's id as UTF-8; None where it names nobody.
        value: The JSON to publish.
        remark: Why it is no student's event, in words; empty where it is one.
    """

    topic: str
    event_ms: int | None
    key: bytes | None
    value: bytes
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is no record at all.

    Attributes:
        line: Its number in the file, from 1.
        why: What is wrong, in words.
    """

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A record that is understood and of which nothing is published: it is no student's action, or another tells it.

    Attributes:
        line: Its number in the file, from 1.
        why: In words, the same for all of its kind.
    """

    line: int
    why: str


Item = Entry | Unreadable | Uncounted
"""What a reader makes of a line."""

LARGEST: Final = 900_000
"""Bytes of a record that every broker takes as it is set up by default (1 MiB with all around it)."""


def too_large(line: int, size: int) -> Unreadable:
    """Returns a line that Kafka would not take."""
    return Unreadable(line, f"{size:,} bytes, and Kafka takes {LARGEST:,}")


class FormatError(UserError, ValueError):
    """A file that is not of the format that was asked for; the message says what was expected."""


class Reader(Protocol):
    """Reads one file of a format."""

    def __call__(self, path: Path) -> Iterator[Item]:
        """Yields what each line holds, in the file's order."""
        ...
