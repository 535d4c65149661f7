"""The few numbers by which events are judged, in one place for both decoders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataflows.settings import Settings

#: Event times outside these are no event times (epoch ms of 2000-01-01 and 2100-01-01).
EARLIEST_MS = 946_684_800_000
LATEST_MS = 4_102_444_800_000

#: Ids and names are parts of primary keys, and a B-tree entry of PostgreSQL ends near 2,700 bytes:
#: a longer id would pass here and stop the sink for ever.
MAX_TEXT = 256

#: So many bytes of UTF-8 at most, whatever the script: keys hold up to five ids.
MAX_TEXT_BYTES = 512

#: Deeper documents are refused: a fixed limit, because the interpreter's own one moves with the call stack.
MAX_DEPTH = 512


@dataclass(frozen=True, slots=True)
class Rules:
    """What a deployment may set.

    Attributes:
        topic_prefix: Stripped from topic names before they are looked up.
        max_future_ms: How far an event's time may lie ahead of its append time.
        max_bytes: Larger values are rejected unread.
        max_age_ms: How far an event's time may lie behind its append time, unless it is of a replayed log; 0: as far
            as it likes.
    """

    topic_prefix: str = ""
    max_future_ms: int = 300_000
    max_bytes: int = 65_536
    max_age_ms: int = 0

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """Returns the rules that the settings ask for."""
        return cls(
            topic_prefix=settings.topic_prefix,
            max_future_ms=settings.max_future_s * 1000,
            max_bytes=settings.max_event_bytes,
            max_age_ms=settings.max_age_days * 86_400_000,
        )


DEFAULT_RULES = Rules()
