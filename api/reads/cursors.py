"""Where the next page begins, as a text that clients hand back as it is."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Final

from api.reads.faults import wrong

CURSOR: Final = "query.cursor"


def encoded(*place: str | float | datetime | None) -> str:
    """Returns the cursor of the last row that was sent.

    Example:
        >>> decoded(encoded("ch1", 7), 2)
        ['ch1', 7]
    """
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in place]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def decoded(cursor: str | None, columns: int) -> list[str | int | float | None]:
    """Returns the place behind which to go on; nothing but None where no cursor came.

    Raises:
        ProblemError: It is none of ours (422).
    """
    if cursor is None:
        return [None] * columns
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        place = None
    if not isinstance(place, list) or len(place) != columns:
        raise wrong(CURSOR, "take it from next_cursor of the page before, as it is")
    return place
