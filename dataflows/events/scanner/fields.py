"""What the scanner knows by name, and the tables in which it looks names up.

Names that it does not know it skips over; names that would move or reject something wherever they stand make an event
not plain, so that the judge has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dataflows.events.detailed import NUMBERS as STORED_NUMBERS
from dataflows.events.numbers import NUMBERS
from dataflows.events.spread import KEPT_IDS, MOVED

COLUMNS: Final = (
    "student_id",
    "event_name",
    "session_id",
    "class_id",
    "grade",
    "subject_id",
    "course_id",
    "chapter_id",
    "lesson_id",
    "video_id",
    "assessment_id",
    "event_type",
    "role",
    "page_url",
    "device_type",
    "os",
    "browser",
    "country_code",
    "user_agent",
    "device.type",
    "device.os",
    "device.browser",
    "metadata.user_agent",
    "metadata",
    "hidden",
)
"""The texts of an event, in the order of the columns of spans.

`metadata` is all of it, braces included; `hidden` is the metadata's, `true` or nothing.
"""

TEXT: Final = {name: column for column, name in enumerate(COLUMNS)}
AT_TOP: Final = TEXT["device.type"]
"""The columns below stand at the top of an event."""
ID: Final = AT_TOP
TIME: Final = AT_TOP + 1
DEVICE: Final = AT_TOP + 2
METADATA: Final = AT_TOP + 3
NOTHING: Final = AT_TOP + 4
"""From here on the parts that have to be null, each with an action of its own."""
_PARTS: Final = ("context", "payload", "event_data")
ODD: Final = 62
"""A name that makes an event not plain."""
UNKNOWN: Final = 63
"""A name that says nothing to us."""

NUMBER: Final = 0
"""In the metadata: below are the numbers that are stored, by their column; then those that only have to be numbers."""
HIDDEN: Final = len(NUMBERS)
AGENT: Final = HIDDEN + 1
KEPT: Final = HIDDEN + 2
"""Texts that stay in the metadata, each with an action of its own."""

WORDS: Final = 3
"""Names are compared as so many words of eight bytes; longer ones are unknown."""
MULTIPLIER: Final = 0x9E3779B97F4A7C15
SLOTS_LOG2: Final = 8


def _table(actions: dict[str, int]) -> NDArray[np.uint64]:
    """Returns an open hash table: length, three words, action a slot; length 0 where a slot is free."""
    table = np.zeros((1 << SLOTS_LOG2, WORDS + 2), dtype=np.uint64)
    for name, action in actions.items():
        raw = name.encode()
        words = np.frombuffer(raw.ljust(8 * WORDS, b"\0"), dtype="<u8")
        mixed = sum(int(word) << shift for shift, word in enumerate(words)) + len(raw)
        slot = (mixed * MULTIPLIER & (1 << 64) - 1) >> (64 - SLOTS_LOG2)
        while table[slot, 0]:
            slot = (slot + 1) % len(table)
        table[slot] = [len(raw), *words.tolist(), action]
    return table


def _odd(names: Iterable[str]) -> dict[str, int]:
    return dict.fromkeys(names, ODD)


TOP_NAMES: Final = _table(
    _odd((*NUMBERS, *KEPT_IDS, "hidden", "userAgent"))
    | {name: column for name, column in TEXT.items() if column < AT_TOP}
    | {"event_id": ID, "timestamp": TIME, "device": DEVICE, "metadata": METADATA}
    | {name: NOTHING + at for at, name in enumerate(_PARTS)}
)
DEVICE_NAMES: Final = _table(
    _odd(("user_agent", "userAgent")) | {name: TEXT[f"device.{name}"] for name in ("type", "os", "browser")}
)
_stored_first = sorted(NUMBERS, key=lambda name: (*STORED_NUMBERS, name).index(name))
METADATA_NAMES: Final = _table(
    _odd((*MOVED, "userAgent"))
    | {name: NUMBER + at for at, name in enumerate(_stored_first)}
    | {"hidden": HIDDEN, "user_agent": AGENT}
    | {name: KEPT + at for at, name in enumerate(sorted(KEPT_IDS))}
)
STORED: Final = len(STORED_NUMBERS)
"""How many numbers are stored, in the order of `detailed.NUMBERS`."""
