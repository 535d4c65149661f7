"""A log as it will be published: read, ordered by event time, moved in time where that is wished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec

from dataflows.kafka.peek import shift
from ingest.formats import Entry, Reader, Uncounted, Unreadable
from ingest.formats.adapted import read_adapted
from ingest.formats.adapters import ADAPTERS
from ingest.formats.edx.reading import read_edx
from ingest.formats.jsonl import read_jsonl
from ingest.formats.moodle.reading import Options, read_moodle
from ingest.formats.oulad.reading import read_oulad

FormatName = Literal["jsonl", "moodle", "edx", "xapi", "caliper", "oulad"]


@dataclass(frozen=True, slots=True)
class Log:
    """What the files hold.

    Attributes:
        entries: In the order in which they are published.
        skipped: File name and line of everything that is no record.
        uncounted: How many records were understood and are not published, by the reason.
    """

    entries: list[Entry]
    skipped: list[tuple[str, Unreadable]]
    uncounted: Counter[str] = field(default_factory=Counter)

    def span(self, ceiling_ms: int) -> tuple[int, int] | None:
        """Returns the first and last event time, epoch milliseconds; None where no entry has a time.

        Args:
            ceiling_ms: Times above are mistakes of a clock, and no end of the log.
        """
        times = [
            entry.event_ms for entry in self.entries if entry.event_ms is not None and entry.event_ms <= ceiling_ms
        ]
        return (min(times), max(times)) if times else None


def reader_of(name: FormatName, options: Options | None = None) -> Reader:
    """Returns the reader of a format; of the options others than Moodle's read the class alone."""
    class_id = options.class_id if options else None
    if name == "jsonl":
        return read_jsonl
    if name == "moodle":
        return partial(read_moodle, options=options)
    if name == "edx":
        return partial(read_edx, class_id=class_id)
    if name == "oulad":
        return read_oulad
    return partial(read_adapted, adapter=ADAPTERS[name], class_id=class_id)


def read_log(paths: Iterable[Path], reader: Reader, *, keep_order: bool = False, newest_first: bool = False) -> Log:
    """Reads the files into memory (about 1 GB for two million events).

    Args:
        paths: The files, which are one log together.
        reader: How to read each.
        keep_order: Leaves the entries as they lie, else they are ordered by event time, and those of one time as they
            happened.
        newest_first: Whether files of this format begin with the newest, where their times do not tell.
    """
    entries: list[Entry] = []
    skipped: list[tuple[str, Unreadable]] = []
    uncounted: Counter[str] = Counter()
    for path in paths:
        read: list[Entry] = []
        for item in reader(path):
            if isinstance(item, Entry):
                read.append(item)
            elif isinstance(item, Uncounted):
                uncounted[item.why] += 1
            else:
                skipped.append((path.name, item))
        if not keep_order and _newest_first(read, otherwise=newest_first):
            # a stable sort would leave equal times the wrong way round
            read.reverse()
        entries.extend(read)
    return Log(entries if keep_order else in_time_order(entries), skipped, uncounted)


def in_time_order(entries: list[Entry]) -> list[Entry]:
    """Returns the entries by event time; equal times stay as they lie, those without a time come last."""
    return sorted(entries, key=lambda entry: (entry.event_ms is None, entry.event_ms or 0))


def moved(log: Log, shift_ms: int) -> Log:
    """Returns the log moved by `shift_ms` milliseconds; what has no time stays as it is."""
    entries = []
    for entry in log.entries:
        if entry.event_ms is None:
            entries.append(entry)
            continue
        event = msgspec.json.decode(entry.value)
        shift(event, shift_ms)
        entries.append(replace(entry, event_ms=entry.event_ms + shift_ms, value=msgspec.json.encode(event)))
    return Log(entries, log.skipped, log.uncounted)


def _newest_first(entries: list[Entry], *, otherwise: bool) -> bool:
    """Returns whether the newest lies first: for most students, since a file may hold them one after the other."""
    timed = [(entry.key, entry.event_ms) for entry in entries if entry.event_ms is not None]
    falls = _falls(timed) or _falls([(None, time_ms) for _, time_ms in timed])
    return falls > 0 if falls else otherwise


def _falls(timed: list[tuple[bytes | None, int]]) -> int:
    """Returns how many more times fall than rise, each beside the one before it of the same key."""
    last: dict[bytes | None, int] = {}
    falls = 0
    for key, time_ms in timed:
        before = last.get(key, time_ms)
        falls += (time_ms < before) - (time_ms > before)
        last[key] = time_ms
    return falls
