"""One file of the spool: records one after the other, each with its length and checksum."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

import msgspec

_HEAD: Final = Struct("<II")
LONGEST: Final = 16 << 20
"""Bytes of a record; a longer one is a length that was damaged."""


class Record(NamedTuple):
    """An acknowledged event that Kafka does not have yet.

    Attributes:
        topic: The contract's name of its topic.
        key: The student's id as UTF-8.
        value: The event's JSON.
        event_ms: Event time, epoch milliseconds.
    """

    topic: str
    key: bytes
    value: bytes
    event_ms: int


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Record).decode


def packed(record: Record) -> bytes:
    """Returns a record as it lies in the file."""
    payload = _encode(record)
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def records_in(content: bytes, start: int = 0) -> Iterator[tuple[int, Record | None]]:
    r"""Yields where each record ends, and the record; None for one that is damaged while what follows can be read.

    Ends before whatever cannot be told apart from a record that was being written when the power went.

    Example:
        >>> whole = packed(Record("clickstream_events", b"ann", b"{}", 5))
        >>> [end for end, _ in records_in(whole + whole[:-1])] == [len(whole)]
        True
        >>> broken = whole[:-1] + b"?"
        >>> [record is None for _, record in records_in(broken + whole)]
        [True, False]
    """
    at = start
    while (found := _record_at(content, at)) is not None:
        end, record = found
        if record is None and _record_at(content, end) is None:
            return
        yield end, record
        at = end


def _record_at(content: bytes, at: int) -> tuple[int, Record | None] | None:
    """Returns the end of a record and the record, None for one that is damaged; None where the file ends within it."""
    if at + _HEAD.size > len(content):
        return None
    length, checksum = _HEAD.unpack_from(content, at)
    end = at + _HEAD.size + length
    if not 0 < length <= LONGEST or end > len(content):
        return None
    payload = content[at + _HEAD.size : end]
    if zlib.crc32(payload) != checksum:
        return end, None
    try:
        return end, _decode(payload)
    except msgspec.MsgspecError:
        return end, None


class Segment:
    """A file of the spool and what is known of it.

    Attributes:
        number: Its place among the files.
        path: The file.
        size: Its length in bytes; what lies behind was never acknowledged.
        events: Records in it.
        oldest_ms: The oldest event time in it; None without records.
        damaged: Records that cannot be read.
    """

    __slots__ = ("damaged", "events", "number", "oldest_ms", "path", "size")

    def __init__(self, folder: Path, number: int) -> None:
        """Names the file; `read` looks into it."""
        self.number = number
        self.path = folder / f"{number:012d}.spool"
        self.size = self.events = self.damaged = 0
        self.oldest_ms: int | None = None

    def read(self) -> None:
        """Learns what the file holds, and cuts off what was not wholly written."""
        content = self.path.read_bytes()
        for end, record in records_in(content):
            self.size = end
            if record is None:
                self.damaged += 1
            else:
                self.note([record])
        if self.size < len(content):
            with self.path.open("r+b") as file:
                file.truncate(self.size)

    def note(self, records: list[Record]) -> None:
        """Notes that it holds these too."""
        self.events += len(records)
        oldest = min(record.event_ms for record in records)
        self.oldest_ms = oldest if self.oldest_ms is None else min(self.oldest_ms, oldest)
