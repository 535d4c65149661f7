"""A real log as an archive: a Moodle course of fourteen terms, and the timetable that can be read off it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Final

from ingest.formats.log import read_log, reader_of
from ingest.formats.moodle.reading import SYSTEM_USER
from simulation.platform import Sent

MINUTE_MS: Final = 60_000
STUDENTS: Final = 8
WEEKS: Final = 3
"""An hour of the week is one of a lesson where so many students worked in so many weeks."""
_LAST_HOUR: Final = 23


@dataclass(frozen=True, slots=True)
class Course:
    """The log.

    Attributes:
        sent: Its events in order, as the simulation gives them.
        seen: Who worked in which class and when: (minute since 1970, student, class).
    """

    sent: list[Sent]
    seen: list[tuple[int, str, str]]

    @classmethod
    def read(cls, path: Path) -> Course:
        """Reads the export."""
        log = read_log([path], reader_of("moodle"), newest_first=True)
        entries = [entry for entry in log.entries if entry.event_ms is not None and entry.key]
        sent: list[Sent] = [(e.topic, (e.event_ms or 0, e.key or b"", e.value)) for e in entries]
        seen = [
            ((e.event_ms or 0) // MINUTE_MS, (e.key or b"").decode(), str(json.loads(e.value).get("class_id")))
            for e in entries
            if e.key != SYSTEM_USER.encode()
        ]
        return cls(sent, seen)

    def enrolments(self) -> Iterator[dict[str, Any]]:
        """Yields who belongs to which class: those who ever worked in it, since there is no roster."""
        for student, class_id in sorted({(student, class_id) for _, student, class_id in self.seen}):
            yield {"student_id": student, "course_id": class_id, "class_id": class_id}

    def periods(self) -> Iterator[dict[str, Any]]:
        """Yields hours of the week in which a class used to work together, each as a lesson; UTC."""
        together: dict[tuple[str, int, int], dict[tuple[int, int], set[str]]] = defaultdict(lambda: defaultdict(set))
        for minute, student, class_id in self.seen:
            at = datetime.fromtimestamp(minute * 60, UTC)
            year, week, weekday = at.isocalendar()
            together[class_id, weekday, at.hour][year, week].add(student)
        for (class_id, weekday, hour), weeks in sorted(together.items()):
            if sum(len(students) >= STUDENTS for students in weeks.values()) >= WEEKS:
                ends = time(23, 59) if hour == _LAST_HOUR else time(hour + 1)
                yield {"class_id": class_id, "weekday": weekday, "starts": time(hour), "ends": ends}
