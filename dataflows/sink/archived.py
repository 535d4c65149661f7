"""Which record of `events` stays where several have one time and one id: the one that comes first in the log.

An id is known by topic, so two topics may each tell an event under it. `events` has one row for both, and which one
that is must not depend on which topic was read first.
"""

from __future__ import annotations

from typing import Final

import polars as pl
from psycopg import sql

from dataflows.events.kinds import TOPIC_ORDER

_PLACE: Final = ("kafka_offset", "partition")


def in_log_order(events: pl.DataFrame) -> pl.DataFrame:
    """Returns rows of `events` by rank of the topic, then place, then partition.

    Example:
        >>> rows = {"topic": ["a.chapter_view_events", "a.clickstream_events"], "kafka_offset": [1, 2], "partition": 0}
        >>> in_log_order(pl.DataFrame(rows))["kafka_offset"].to_list()
        [2, 1]
    """
    ranks = (pl.when(pl.col("topic").str.ends_with(name)).then(rank) for rank, name in enumerate(TOPIC_ORDER))
    return events.sort(pl.coalesce(*ranks), *_PLACE, maintain_order=True)


def comes_first(new: str, stored: str) -> sql.Composed:
    """Returns the condition, in SQL, that the row `new` comes before the row `stored` in that order."""
    return sql.SQL("({}) < ({})").format(_order(new), _order(stored))


def _order(row: str) -> sql.Composed:
    topic = sql.Identifier(row, "topic")
    rank = sql.SQL(" ").join(
        sql.SQL("WHEN right({}, {}) = {} THEN {}").format(topic, sql.Literal(len(name)), sql.Literal(name), rank)
        for rank, name in ((sql.Literal(rank), name) for rank, name in enumerate(TOPIC_ORDER))
    )
    places = sql.SQL(", ").join(sql.Identifier(row, column) for column in _PLACE)
    return sql.SQL("CASE {} END, {}").format(rank, places)
