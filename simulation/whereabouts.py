"""Where the students of the simulation really were: the truth that measured time is held against."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from simulation.curriculum import Chapter


class Stay(NamedTuple):
    """A stretch of time that a student really spent on a chapter, epoch milliseconds of the true clock."""

    student_id: str
    chapter_id: str
    start_ms: int
    end_ms: int


class Whereabouts:
    """Notes who attends what, and tells each stretch when it is over."""

    def __init__(self, start_ms: int, tell: Callable[[Stay], object]) -> None:
        """`tell` gets every stretch; `start_ms` is the simulation's start."""
        self._start_ms = start_ms
        self._tell = tell
        self._now: dict[str, tuple[Chapter, int]] = {}

    def note(self, student_id: str, chapter: Chapter | None, at_ms: int) -> None:
        """Notes what a student attends from now on; None for nothing."""
        known = self._now.get(student_id)
        if known and known[0] is chapter:
            return
        if known:
            del self._now[student_id]
            if at_ms > known[1]:
                self._tell(Stay(student_id, known[0].chapter_id, self._start_ms + known[1], self._start_ms + at_ms))
        if chapter:
            self._now[student_id] = chapter, at_ms
