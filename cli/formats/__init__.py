"""Log formats that `replay` reads: one module each, a file in, entries out."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """One record to publish.

    Attributes:
        topic: The topic's name without prefix.
        event_ms: The event's time in epoch milliseconds; None where it has none.
        key: The student's id as UTF-8; None where it names nobody.
        value: The JSON to publish.
    """

    topic: str
    event_ms: int | None
    key: bytes | None
    value: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is no record at all.

    Attributes:
        line: Its number in the file, from 1.
        why: What is wrong, in words.
    """

    line: int
    why: str


class FormatError(ValueError):
    """A file that is not of the format that was asked for; the message says what was expected."""


class Reader(Protocol):
    """Reads one file of a format."""

    def __call__(self, path: Path) -> Iterator[Entry | Unreadable]:
        """Yields what each line holds, in the file's order."""
        ...


def open_log(path: Path) -> IO[bytes]:
    """Opens a file for reading bytes, unpacking gzip where the content is gzip, whatever its name."""
    raw = path.open("rb")
    packed = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    return io.BufferedReader(gzip.GzipFile(fileobj=raw)) if packed else raw
