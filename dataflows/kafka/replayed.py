"""The mark of a replayed record: it may be of any age (ADR 22).

Live topics refuse what is too old: one device with a clock of 2018, or years of forgotten events, makes thousands of
chunks that every read then opens. A log that is replayed is old on purpose, and says so on each of its records, so that
whether a record is too old follows from the log alone, whatever topics it was replayed into.
"""

from __future__ import annotations

from typing import Any, Final

REPLAY_HEADER: Final = "classpulse-replay"
REPLAYED: Final = [(REPLAY_HEADER, b"1")]
"""The headers of a replayed record."""


def is_replayed(headers: Any) -> bool:  # noqa: ANN401 (as librdkafka hands them over)
    """Says whether a record's headers mark it as replayed.

    Example:
        >>> is_replayed([("classpulse-replay", b"1")]), is_replayed([]), is_replayed(None)
        (True, False, False)
    """
    return any(name == REPLAY_HEADER for name, _value in headers or ())
