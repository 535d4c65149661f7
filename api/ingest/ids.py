"""Ids: minted where an event has none, remembered for a while so that a repeat is known as one."""

from __future__ import annotations

import os
from typing import Final

_VERSION: Final = 7 << 76
_VARIANT: Final = 2 << 62
_RANDOM_A: Final = (1 << 12) - 1
_RANDOM_B: Final = (1 << 62) - 1


def uuid7(now_ms: int) -> str:
    """Returns a UUID of version 7: the time in milliseconds, then 74 random bits (RFC 9562).

    Example:
        >>> uuid7(1_760_000_000_000)[:15]
        '0199c82b-8e00-7'
    """
    random = int.from_bytes(os.urandom(10), "big")
    value = (
        (now_ms & ((1 << 48) - 1)) << 80 | _VERSION | (random & _RANDOM_A) << 64 | _VARIANT | (random >> 18 & _RANDOM_B)
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class RecentIds:
    """The ids of events that were stored, by topic; the oldest half is forgotten when there are too many.

    A memory, not a promise: the flows count a repeat once in any case (`CLASSPULSE_REPEAT_S`). Two generations, so that
    forgetting costs nothing: 70 bytes an id.
    """

    def __init__(self, most: int) -> None:
        """Remembers up to `most` ids, and at least half as many."""
        self._half = max(1, most // 2)
        self._new: set[int] = set()
        self._old: set[int] = set()

    def __len__(self) -> int:
        """How many ids are known."""
        return len(self._new) + len(self._old)

    def knows(self, topic: str, event_id: str) -> bool:
        """Says whether the event was stored not long ago."""
        number = _number(topic, event_id)
        return number in self._new or number in self._old

    def add(self, topic: str, event_id: str) -> None:
        """Notes that the event is stored."""
        self._new.add(_number(topic, event_id))
        if len(self._new) >= self._half:
            self._old, self._new = self._new, set()


def _number(topic: str, event_id: str) -> int:
    return int(event_id.replace("-", ""), 16) ^ hash(topic)
