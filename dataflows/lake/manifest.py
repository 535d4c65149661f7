"""What the manifest says that the lake holds."""

from __future__ import annotations

from typing import Any, Final

import psycopg

from dataflows.lake.store import Store

_BY_DAY: Final = """
SELECT coalesce(event_date, (last_append AT TIME ZONE 'UTC')::date)::text AS day,
       CASE WHEN zone = 'raw' THEN 'raw records'
            WHEN event_date IS NULL THEN 'not compacted yet' ELSE event_name END AS holds,
       count(*) AS files, sum(events)::bigint AS events, sum(size_bytes)::bigint AS bytes
FROM lake_files WHERE replaced_at IS NULL
GROUP BY 1, 2, zone ORDER BY 1, zone, 2
"""
_FILES: Final = """
SELECT coalesce(staged, path) AS path, events, size_bytes AS bytes, first_event, last_event
FROM lake_files WHERE replaced_at IS NULL ORDER BY 1
"""


def listed(
    connection: psycopg.Connection[Any], store: Store, *, files: bool
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Returns columns and rows of what is current: by day and event, or file by file with how other tools find it."""
    cursor = connection.execute(_FILES if files else _BY_DAY)
    names, rows = [column.name for column in cursor.description or ()], cursor.fetchall()
    return names, [(store.url(row[0]), *row[1:]) for row in rows] if files else rows
