"""A log as the marks of its students, read as the flow reads it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from dataflows.batch import Records
from dataflows.events.full import decode_full
from dataflows.events.kinds import KINDS, rank_of
from dataflows.events.rules import Rules
from dataflows.operators.places import placed
from dataflows.operators.students import COUNTED_ROLE
from dataflows.settings import Settings
from dataflows.stuck.marks import ANSWERS, RIGHT, WRONG, Mark, Said, mark_of
from ingest.formats import Entry
from ingest.formats.log import FormatName, read_log, reader_of
from ingest.formats.moodle.reading import Options

PIECE: Final = 50_000
TRAIN_SHARE: Final = 0.4
COARSE_MS: Final = 60_000
COARSE_SHARE: Final = 0.98


@dataclass(slots=True)
class MarkedLog:
    """What a log says about being stuck.

    Attributes:
        students: Marks in their order, by student.
        events: How many events of students there are.
        rejected: Records that are no events, and repeats, by reason.
        begins_ms: The first event.
        ends_ms: The last event.
        coarse: How many events lie on a whole minute.
    """

    students: dict[str, list[Mark]] = field(default_factory=dict)
    events: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    begins_ms: int = 0
    ends_ms: int = 0
    coarse: int = 0

    @property
    def is_coarse(self) -> bool:
        """Whether its times are whole minutes."""
        return self.events > 0 and self.coarse >= COARSE_SHARE * self.events

    @property
    def tries(self) -> int:
        """How many answers and quizzes are told right or wrong."""
        return sum(mark.verb in {RIGHT, WRONG} for marks in self.students.values() for mark in marks)

    @property
    def classes(self) -> set[str]:
        """The classes that its events name."""
        return {mark.class_id for marks in self.students.values() for mark in marks if mark.class_id}


def is_train(student_id: str) -> bool:
    """Returns whether a student is of the part that may be learnt from; always the same for an id.

    Example:
        >>> [is_train(name) for name in ("ann", "bob", "cem", "dia")]
        [False, False, False, False]
    """
    digest = hashlib.blake2b(student_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest) < TRAIN_SHARE * 2**64


def read(paths: Iterable[Path], log_format: FormatName, settings: Settings) -> MarkedLog:
    """Reads files as `classpulse replay` does, and their events as the flow does.

    Args:
        paths: The files, which are one log.
        log_format: Their format.
        settings: What an event may be; the pass mark.

    Raises:
        FormatError: A file is something else.
    """
    log = read_log(paths, reader_of(log_format, Options()))
    made = MarkedLog(rejected=Counter({"unreadable": len(log.skipped)} if log.skipped else {}))
    seen: set[tuple[str, str]] = set()
    for first in range(0, len(log.entries), PIECE):
        by_topic: dict[str, list[tuple[int, Entry]]] = {}
        for place, entry in enumerate(log.entries[first : first + PIECE], first):
            by_topic.setdefault(entry.topic, []).append((place, entry))
        for topic, entries in by_topic.items():
            if topic in KINDS:
                _take(made, topic, entries, Rules.of(settings), settings.pass_mark, seen)
    for marks in made.students.values():
        marks.sort()
    return made


def _take(  # noqa: PLR0913
    made: MarkedLog,
    topic: str,
    entries: list[tuple[int, Entry]],
    rules: Rules,
    pass_mark: float,
    seen: set[tuple[str, str]],
) -> None:
    records = Records(
        topic,
        0,
        [place for place, _ in entries],
        [entry.event_ms or 0 for _, entry in entries],
        [entry.key for _, entry in entries],
        [entry.value for _, entry in entries],
        accepted=True,
        replayed=[True] * len(entries),
    )
    full = decode_full(records, rules)
    made.rejected.update(reject.reason for reject in full.rejects)
    frame = full.frame.filter(pl.col("role").fill_null(COUNTED_ROLE) == COUNTED_ROLE)
    places = placed(rank_of(topic), frame["offset"].to_numpy()).tolist()
    texts = frame.select(Said._fields).iter_rows()
    columns = frame.select("student_id", "event_id", "event_ms", "metadata").iter_rows()
    for place, said, (student_id, event_id, time_ms, metadata) in zip(places, texts, columns, strict=True):
        if (topic, event_id) in seen:
            made.rejected["repeat"] += 1
            continue
        seen.add((topic, event_id))
        if said[0] in ANSWERS:
            continue
        made.events += 1
        made.coarse += time_ms % COARSE_MS == 0
        made.begins_ms = min(made.begins_ms or time_ms, time_ms)
        made.ends_ms = max(made.ends_ms, time_ms)
        mark = mark_of(time_ms, place, Said(*said), msgspec.json.decode(metadata) if metadata else {}, pass_mark)
        if mark is not None:
            made.students.setdefault(student_id, []).append(mark)
