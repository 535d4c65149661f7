"""Which chunks of a hypertable some rows lie in, told so that the server opens no others and still counts right.

Given the rows' own first and last time, the server takes the thousands of rows between (of a new day, of which it has
no counts yet) for one, and reads them all for each staged row. Given the bounds of whole chunks it opens the same
chunks, and takes their rows for as many as they are.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeVar

import psycopg

Between = tuple[date, date]
"""The first and the last time of some rows; days or instants."""

_KNOWN: Final = "SELECT to_regclass('_timescaledb_catalog.dimension') IS NOT NULL"
# The catalogue, and not timescaledb_information: that one is closed to the writer (db/access/hardening.py).
_LENGTHS: Final = """
SELECT h.table_name, d.interval_length
FROM _timescaledb_catalog.hypertable h JOIN _timescaledb_catalog.dimension d ON d.hypertable_id = h.id
WHERE h.schema_name = current_schema() AND d.interval_length IS NOT NULL
"""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Time = TypeVar("Time", bound=date)


def chunk_lengths(connection: psycopg.Connection[Any]) -> dict[str, timedelta]:
    """Returns how long the chunks of each hypertable are; nothing of tables that are not chunks.

    Args:
        connection: Its first schema is the one whose tables are asked for.
    """
    known = connection.execute(_KNOWN).fetchone()
    if known is None or not known[0]:
        return {}
    return {table: timedelta(microseconds=length) for table, length in connection.execute(_LENGTHS)}


def chunk_begin(time: Time, length: timedelta) -> Time:
    """Returns when the chunk of a time begins: chunks are counted from 1970.

    Args:
        time: An instant, or a day.
        length: How long the chunks are.

    Example:
        >>> chunk_begin(date(2026, 3, 2), timedelta(days=7))
        datetime.date(2026, 2, 26)
    """
    moment = time if isinstance(time, datetime) else datetime(time.year, time.month, time.day, tzinfo=UTC)
    begin = _EPOCH + (moment - _EPOCH) // length * length
    return begin if isinstance(time, datetime) else begin.date()  # type: ignore[return-value]


def whole_chunks(between: Between, length: timedelta) -> Between:
    """Returns the first and the last time of the chunks.

    Args:
        between: The first and the last time of some rows.
        length: How long the chunks are.
    """
    first, last = (chunk_begin(time, length) for time in between)
    return first, last + (
        length - timedelta(microseconds=1) if isinstance(last, datetime) else length - timedelta(days=1)
    )
