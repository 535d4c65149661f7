"""A stretch in which a student looks stuck on an item: when it was called, by what, how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Episode:
    """One entry of the queue.

    Attributes:
        began_ms: When the rules called it.
        item: The item.
        kind: What it was called for first.
        since_ms: Since when it goes wrong: the first of the fails, or when the item was opened.
        class_id: The class; empty where none is reported.
        course_id: The course.
        evidence: What is known, in whole numbers and texts.
        chance: In thousandths.
        steps: Since when it had which chance; for whoever looks back, in no row.
        ended_ms: When it ended; None while it goes on.
        outcome: `solved handed_in moved_on left seen helped not_stuck`; empty while it goes on.
    """

    began_ms: int
    item: str
    kind: str
    since_ms: int
    class_id: str
    course_id: str
    evidence: dict[str, Any] = field(default_factory=dict)
    chance: int = 0
    steps: list[tuple[int, int]] = field(default_factory=list)
    ended_ms: int | None = None
    outcome: str = ""

    def end(self, at_ms: int, outcome: str) -> None:
        """Ends it; it never ends before it began."""
        self.ended_ms, self.outcome = max(at_ms, self.began_ms), outcome
