"""How long to wait before something is tried again."""

from __future__ import annotations


def delay_s(attempt: int, first_s: float, most_s: float) -> float:
    """Returns the seconds before the next attempt: twice as long each time, up to a limit.

    Args:
        attempt: How many attempts have failed before the last one, from 0.
        first_s: The first wait.
        most_s: No wait is longer.

    Example:
        >>> [delay_s(attempt, 1, 10) for attempt in (0, 1, 2, 3, 4, 5000)]
        [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    """
    return float(min(most_s, first_s * 2.0 ** min(attempt, 64)))
