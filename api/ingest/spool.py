"""The spool: acknowledged events on disk while Kafka is away, read back in their order.

A record is acknowledged once the file that holds it is synced. Files are read from the oldest on and deleted when Kafka
has all of them; how far the oldest was read is a hint only, for what is sent twice is counted once.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import threading
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from api.ingest.segment import Record, Segment, packed, records_in
from dataflows.errors import UserError

SEGMENT_BYTES: Final = 8 << 20
SHARES: Final = (1.0, 0.85, 0.7)
"""How full the spool may be for events of P0, P1 and P2: the least important are shed first."""


class SpoolError(UserError):
    """The spool cannot be used; the message says what to do."""


class Place(NamedTuple):
    """A place in the spool: up to here everything was read."""

    segment: int
    offset: int


class Spool:
    """Bounded, checksummed, in order; safe for one thread that writes and one that reads.

    Attributes:
        instance: Names the spool for as long as its folder lives: whoever serves it, is this instance.
        damaged: Records that could not be read back since the start.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """Takes the folder, and what an earlier run left in it.

        Raises:
            SpoolError: Another process has it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._most = folder, most_bytes
        self._owned = _own(folder)
        self.instance = _instance(folder)
        self._lock = threading.Lock()
        self._segments = [Segment(folder, int(path.stem)) for path in sorted(folder.glob("*.spool"))]
        for segment in self._segments:
            segment.read()
        self.damaged = sum(segment.damaged for segment in self._segments)
        self._file: int | None = None
        self._read = _kept_place(folder / "place")
        self._unread = sum(segment.events for segment in self._segments) - self._count_read()
        self._forget_read()

    @property
    def bytes(self) -> int:
        """Bytes on disk."""
        with self._lock:
            return sum(segment.size for segment in self._segments)

    @property
    def events(self) -> int:
        """Events that Kafka does not have yet."""
        with self._lock:
            return self._unread

    @property
    def oldest_ms(self) -> int | None:
        """A time that no unread event is older than; None where there is none."""
        with self._lock:
            if not self._unread:
                return None
            return min((s.oldest_ms for s in self._segments if s.oldest_ms is not None), default=None)

    @property
    def limit(self) -> int:
        """Bytes that it may take."""
        return self._most

    def has_room(self, more_bytes: int, rank: int) -> bool:
        """Says whether events of a rank (0 to 2 for P0 to P2) still fit."""
        return self.bytes + more_bytes <= self._most * SHARES[rank]

    def append(self, records: list[Record]) -> None:
        """Writes records behind all others, and returns when they are on disk.

        Raises:
            OSError: They are not; nothing of them is kept.
        """
        content = b"".join(map(packed, records))
        with self._lock:
            last = self._segments[-1] if self._segments and self._file is not None else None
        if last is None or last.size >= SEGMENT_BYTES:
            last = self._begin()
        assert self._file is not None  # noqa: S101 - `_begin` opened it
        try:
            _write(self._file, content)
            os.fdatasync(self._file)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, last.size)
            raise
        with self._lock:
            last.size += len(content)
            last.note(records)
            self._unread += len(records)

    def _begin(self) -> Segment:
        """Begins a file; it must be found again after a power failure, so the folder is synced too."""
        with self._lock:
            number = max((s.number for s in self._segments), default=self._read.segment) + 1
        segment = Segment(self._folder, number)
        opened = os.open(segment.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        _sync_folder(self._folder)
        if self._file is not None:
            os.close(self._file)
        self._file = opened
        with self._lock:
            self._segments.append(segment)
        return segment

    def peek(self, most: int) -> tuple[list[Record], Place]:
        """Returns up to `most` of the oldest unread records, and the place behind them."""
        with self._lock:
            ahead = [(s.number, s.path, s.size) for s in self._segments if s.number >= self._read.segment]
            place = self._read
        records: list[Record] = []
        for number, path, size in ahead:
            start = place.offset if number == place.segment else 0
            content = path.read_bytes()[:size]
            for end, record in records_in(content, start):
                place = Place(number, end)
                if record is not None:
                    records.append(record)
                if len(records) == most:
                    return records, place
            place = Place(number, size)
        return records, place

    def advance(self, place: Place, count: int) -> None:
        """Notes that `count` events up to a place are in Kafka; files that are wholly read are deleted."""
        with self._lock:
            self._read = place
            self._unread -= count
            self._forget_read()
        beside = self._folder / "place.new"
        beside.write_bytes(msgspec.msgpack.encode(place))
        beside.replace(self._folder / "place")

    def _count_read(self) -> int:
        """Returns how many of the events were read by an earlier run."""
        count = sum(segment.events for segment in self._segments if segment.number < self._read.segment)
        for segment in self._segments:
            if segment.number == self._read.segment:
                content = segment.path.read_bytes()[: self._read.offset]
                count += sum(record is not None for _end, record in records_in(content))
        return count

    def _forget_read(self) -> None:
        """Deletes what is wholly read, but for the file that is being written."""
        written = self._segments[-1] if self._segments and self._file is not None else None
        for segment in list(self._segments):
            is_read = (segment.number, segment.size) <= self._read
            if is_read and segment is not written:
                self._segments.remove(segment)
                segment.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Lets the folder go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        os.close(self._owned)


def _own(folder: Path) -> int:
    opened = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(opened)
        message = f"Another gateway has the spool {folder}: give each one of its own (CLASSPULSE_SPOOL_DIR)."
        raise SpoolError(message) from error
    return opened


def _instance(folder: Path) -> str:
    path = folder / "instance"
    with contextlib.suppress(OSError):
        if name := path.read_text().strip():
            return name
    name = f"gateway-{secrets.token_hex(4)}"
    path.write_text(f"{name}\n")
    return name


def _kept_place(path: Path) -> Place:
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.msgpack.decode(path.read_bytes(), type=Place)
    return Place(0, 0)


def _write(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
