"""Which event ids of a topic-partition are known, told record by record.

An id is known until the watermark before another record has passed, by `known_ms`, the end of the hour of its first
record: the hour of that record's event time, or of the watermark before it where that is later.
"""

from __future__ import annotations

from dataclasses import dataclass, field

HOUR = 3_600_000


@dataclass
class KnownIds:
    """Ids, and up to which watermark each is known."""

    known_ms: int
    until: dict[str, int] = field(default_factory=dict)

    def is_repeat(self, event_id: str, at: int, mark: int) -> bool:
        """Returns whether an id is known; gets to know it where not."""
        if mark < self.until.get(event_id, mark):
            return True
        self.until[event_id] = (max(at, mark) // HOUR + 1) * HOUR + self.known_ms
        return False
