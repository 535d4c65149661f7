"""Texts to codes: the dictionaries of one batch."""

from __future__ import annotations

from array import array
from collections import defaultdict
from itertools import count, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataflows.events.names import is_hidden_ping, type_of
from dataflows.events.plain import NO_DEVICE, NO_METADATA, Plain

Place = tuple[str | None, str | None, str | None, str | None, str | None]
Codes = NDArray[np.uint32]


class Act(NamedTuple):
    """Who did what on which device; `hidden` only for a ping from a tab that nobody sees."""

    role: str
    event_name: str
    device_type: str | None
    browser: str | None
    hidden: bool


def _packed(codes: list[int]) -> Codes:
    # three times as fast as `np.array` of a list
    return np.frombuffer(array("I", codes), dtype=np.uint32)


class Coding:
    """Gives texts their codes in order of appearance.

    Acts are keyed by their parts joined with NUL, which no part holds: one string is hashed and compared faster than
    a tuple of eight, and there are few to take apart again.
    """

    def __init__(self) -> None:
        """Starts with empty dictionaries."""
        self._students: defaultdict[str, int] = defaultdict(count().__next__)
        self._sessions: defaultdict[str | None, int] = defaultdict(count().__next__)
        self._places: defaultdict[Place, int] = defaultdict(count().__next__)
        self._said: defaultdict[str, int] = defaultdict(count().__next__)
        self._acts: defaultdict[Act, int] = defaultdict(count().__next__)
        self._act_of: list[int] = []
        self._is_video: list[bool] = []

    def students_of(self, events: list[Plain]) -> Codes:
        """Returns a code of each event's student."""
        table = self._students
        return _packed([table[e.student_id] for e in events])

    def sessions_of(self, events: list[Plain]) -> Codes:
        """Returns a code of each event's session."""
        table = self._sessions
        return _packed([table[e.session_id] for e in events])

    def places_of(self, events: list[Plain]) -> Codes:
        """Returns a code of each event's place."""
        table = self._places
        return _packed([table[e.class_id, e.grade, e.subject_id, e.course_id, e.chapter_id] for e in events])

    def acts_of(self, events: list[Plain]) -> tuple[Codes, NDArray[np.intp]]:
        """Returns a code of each event's act, and the rows of video events."""
        table = self._said
        codes = [
            table[
                f"{e.event_name}\0{e.event_type or ''}\0{e.role or ''}"
                f"\0{(d := e.device or NO_DEVICE).type or e.device_type or ''}\0{d.browser or e.browser or ''}"
                f"\0{(e.metadata or NO_METADATA).hidden or ''}"
            ]
            for e in events
        ]
        self._learn()
        said = _packed(codes)
        acts = np.array(self._act_of, dtype=np.uint32)[said]
        return acts, np.flatnonzero(np.array(self._is_video, dtype=np.bool_)[said])

    def acts_of_sayings(self, sayings: list[str]) -> tuple[Codes, NDArray[np.bool_]]:
        """Returns the act behind each of some sayings, and whether it is of a video."""
        said = [self._said[saying] for saying in sayings]
        self._learn()
        return np.array(self._act_of, dtype=np.uint32)[said], np.array(self._is_video, dtype=np.bool_)[said]

    def _learn(self) -> None:
        """Works out the acts behind sayings that are new: a few a batch."""
        for saying in islice(self._said, len(self._act_of), None):
            name, event_type, role, device_type, browser, hidden = saying.split("\0")
            is_hidden = is_hidden_ping(name, event_type or type_of(name), bool(hidden))
            act = Act(role or "student", name, device_type or None, browser or None, is_hidden)
            self._act_of.append(self._acts[act])
            self._is_video.append(name.startswith("video_"))

    @property
    def students(self) -> list[str]:
        """Student ids by code."""
        return list(self._students)

    @property
    def sessions(self) -> list[str | None]:
        """Session ids by code."""
        return list(self._sessions)

    @property
    def places(self) -> list[Place]:
        """Places by code."""
        return list(self._places)

    @property
    def acts(self) -> list[Act]:
        """Acts by code."""
        return list(self._acts)
