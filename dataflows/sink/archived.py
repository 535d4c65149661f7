"""Which record of `events` stays where several of a topic have one time and one id: the first of the log.

An id is known by topic, so `events` has a row for each topic that tells one. In a topic it comes twice where a producer
sends it to two partitions, or again after `CLASSPULSE_REPEAT_S`; which of the two stays must not depend on which
partition was read first.
"""

from __future__ import annotations

from typing import Final

import polars as pl
from psycopg import sql

_PLACE: Final = ("kafka_offset", "partition")


def in_log_order(events: pl.DataFrame) -> pl.DataFrame:
    """Returns rows of `events` by place, then partition.

    Example:
        >>> in_log_order(pl.DataFrame({"kafka_offset": [7, 7, 2], "partition": [1, 0, 3]}))["partition"].to_list()
        [3, 0, 1]
    """
    return events.sort(_PLACE, maintain_order=True)


def comes_first(new: str, stored: str) -> sql.Composed:
    """Returns the condition, in SQL, that the row `new` comes before the row `stored` in that order."""
    return sql.SQL("({}) < ({})").format(*(_place(row) for row in (new, stored)))


def _place(row: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(row, column) for column in _PLACE)
