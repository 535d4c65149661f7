"""What a school's platform sends beside the clickstream: chapter views and learning events."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from dataflows.kafka.topics import CHAPTER_VIEWS, CLICKSTREAM
from simulation.behaviour import Tab, Visitor
from simulation.faults import Truth
from simulation.learning import Learning
from simulation.records import Record

# a record and the topic that it belongs to
Sent = tuple[str, Record]


@dataclass(frozen=True, slots=True)
class Platform:
    """What a platform can do.

    Attributes:
        chapter_views: It reports each visit of a chapter when it ends.
        learning: It reports logins, quizzes and modules as learning events, and leaves scores to them alone.
        second_tabs: How often students look something up in a second tab, as a share of all that they do.
    """

    chapter_views: bool = False
    learning: bool = False
    second_tabs: float = 0.0


ONLY_CLICKS: Final = Platform()


class Reporter:
    """Writes what a platform sends beside the clickstream; without faults, and with ids and chances of its own."""

    def __init__(self, platform: Platform, start_ms: int, seed: int, truth: Truth) -> None:
        """Prepares for a day that starts at `start_ms`."""
        self._truth = truth
        self._platform = platform
        self._start_ms = start_ms
        self._number = 0
        self._learning = Learning(Random(f"learning/{seed}")) if platform.learning else None  # noqa: S311 (no secret)

    def equip(self, visitor: Visitor) -> None:
        """Prepares a student who comes."""
        visitor.looks_up = self._platform.second_tabs
        if self._learning:
            visitor.tells_scores = False
            visitor.knows_less = self._learning.memory_of(visitor)

    def after(self, at_ms: int, visitor: Visitor) -> Iterator[Sent]:
        """Yields what follows from a student's last step."""
        if self._platform.chapter_views:
            for tab in visitor.closed:
                yield self._sent(CHAPTER_VIEWS, at_ms, visitor, self._view(tab, at_ms, visitor))
        visitor.closed.clear()
        if self._learning:
            for topic, event in self._learning.events(visitor):
                stamp = self._start_ms + at_ms + visitor.student.clock_ms
                event |= {"user_id": visitor.student.student_id, "timestamp": stamp}
                yield self._sent(topic, at_ms, visitor, event)
        visitor.report = None

    def _view(self, tab: Tab, at_ms: int, visitor: Visitor) -> dict[str, Any]:
        clock_ms = self._start_ms + visitor.student.clock_ms
        kind, _system, browser = visitor.student.device
        return {
            "student_id": visitor.student.student_id,
            "course_id": tab.chapter.course_id,
            "chapter_id": tab.chapter.chapter_id,
            "start_time": clock_ms + tab.opened_ms,
            "end_time": clock_ms + at_ms,
            "session_id": visitor.session_id,
            "device_type": kind,
            "browser": browser,
            "scroll_depth": tab.depth,
        }

    def _sent(self, topic: str, at_ms: int, visitor: Visitor, event: dict[str, Any]) -> Sent:
        self._number += 1
        self._truth.beside[topic] += 1
        bits = hashlib.blake2b(f"{self._start_ms}/{self._number}".encode(), digest_size=16).hexdigest()
        event_id = f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}"
        value = json.dumps({"event_id": event_id} | event, separators=(",", ":")).encode()
        return topic, (self._start_ms + at_ms, visitor.student.key, value)


def clicks(sent: Iterator[Sent]) -> Iterator[Record]:
    """Yields the records of the clickstream alone."""
    return (record for topic, record in sent if topic == CLICKSTREAM)
