"""Numbers in an event's metadata: a number is one whether it was sent as a number or as its text.

One function reads them for every decoder and for the archive, which keeps the number: whoever reads `metadata` in SQL
meets numbers only. What is neither a number nor plainly the text of one rejects the event, so that somebody sees it.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from dataflows.events.parse import json_type
from dataflows.events.rejects import RejectedError, refuse
from dataflows.events.text import is_blank

NUMBERS: Final = frozenset(
    {
        "score",
        "price",
        "position_s",
        "video_duration_s",
        "playback_rate",
        "from_s",
        "to_s",
        "scroll_depth",
        "duration",
        "time_taken",
    }
)
"""The names under which a number is read; every fast decoder types each of them."""

_LONGEST: Final = 64
_PLAIN: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def number_of(value: object, field: str) -> int | float | None:
    """Returns the number that a value is or plainly spells; None where it is blank.

    Raises:
        RejectedError: `bad_type` for anything else.

    Example:
        >>> number_of("85", "score"), number_of(" 49.90 ", "price"), number_of(12, "position_s"), number_of("", "score")
        (85, 49.9, 12, None)
    """
    if is_blank(value):
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _finite(value, field)
    if not isinstance(value, str):
        refuse("bad_type", f"{field}: a number is expected, not {json_type(value)}")
    text = value.strip()
    if len(text) > _LONGEST or not _PLAIN.fullmatch(text):
        refuse("bad_type", f"{field}: a number is expected, not {value[:_LONGEST]!r}")
    return _finite(int(text) if text.lstrip("+-").isdigit() else float(text), field)


def read_numbers(metadata: dict[str, Any], *, strict: bool = True) -> None:
    """Puts numbers in place of their texts, in the metadata.

    Raises:
        RejectedError: `bad_type` where one of `NUMBERS` is no number, if `strict`; else it is left as it is.
    """
    for name in NUMBERS & metadata.keys():
        try:
            metadata[name] = number_of(metadata[name], name)
        except RejectedError:
            if strict:
                raise


def _finite(value: float, field: str) -> int | float:
    try:
        finite = math.isfinite(float(value))
    except OverflowError:
        finite = False
    if not finite:
        refuse("bad_type", f"{field}: the number is too large")
    return value
