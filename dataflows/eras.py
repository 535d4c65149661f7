"""Places in a log: era and offset as one ascending number, so that a log begun anew goes on after the old one.

Kafka lost and made again begins at offset 0. Its records are the next era (`classpulse adopt`): record 7 of era 1 has
the place 1,000,000,000,007. Everything that is stored speaks of places; the broker alone is spoken to in offsets. Where
Kafka was never lost the two are the same.
"""

from __future__ import annotations

from typing import Final

ERA: Final = 10**12
"""More records than a partition ever holds: at a thousand a second they last for thirty years."""


def base_of(place: int) -> int:
    """Returns the place of offset 0 of the era that a place is of.

    Example:
        >>> base_of(42), base_of(3_000_000_000_042)
        (0, 3000000000000)
    """
    return place // ERA * ERA
