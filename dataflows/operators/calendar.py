"""Local days: the calendar of `CLASSPULSE_TIMEZONE` over columns of minutes."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from dataflows.operators import packing
from dataflows.operators.ordering import distinct
from dataflows.operators.segments import Ints

_QUARTER_MIN: Final = 15
_DAY_MIN: Final = 1440


class Calendar:
    """Days since 1970-01-01 in one time zone.

    Offsets change at whole quarters of an hour at most, so one look-up a quarter suffices.

    Example:
        >>> midnight = packing.minute_of(np.array([1_700_000_000_000 // 86_400_000 * 86_400_000]))
        >>> (Calendar("Asia/Tokyo").day_of(midnight - 60) - Calendar("UTC").day_of(midnight - 60)).tolist()
        [1]
    """

    def __init__(self, timezone: str) -> None:
        """`timezone`: an IANA name.

        Raises:
            zoneinfo.ZoneInfoNotFoundError: Where there is no such zone.
        """
        self._zone = ZoneInfo(timezone)
        self._offset = lru_cache(maxsize=65536)(self._offset_min)

    def day_of(self, minute: Ints) -> Ints:
        """Returns the local day of packed minutes, as days since 1970-01-01."""
        if not len(minute):
            return minute
        absolute = minute + packing.EPOCH_MIN
        quarter = absolute // _QUARTER_MIN
        first, last = int(quarter.min()), int(quarter.max())
        if last - first > len(quarter):
            quarters, at = distinct(quarter)
        else:
            quarters, at = np.arange(first, last + 1), quarter - first
        offsets = np.array([self._offset(q) for q in quarters.tolist()], np.int64)
        return (absolute + offsets[at]) // _DAY_MIN

    def end_ms(self, day: int) -> int:
        """Returns the end of a local day in epoch milliseconds."""
        nxt = datetime.fromtimestamp((day + 1) * 86400, UTC)
        return int(nxt.replace(tzinfo=self._zone).timestamp() * 1000)

    def _offset_min(self, quarter: int) -> int:
        offset = datetime.fromtimestamp(quarter * _QUARTER_MIN * 60, self._zone).utcoffset()
        return int(offset.total_seconds() // 60) if offset else 0
