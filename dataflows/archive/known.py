"""Which ids a task of `archive` knows that has lost its snapshot: those of the newest rows that it wrote."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl
import psycopg

from dataflows.events.ids import split_ids
from dataflows.operators.dedupe import Seen, State
from dataflows.operators.watermark import NEVER

_BATCH: Final = 65_536
# By event time, by which chunks are found. Of what came later than that to be known, a repeat would count again.
_NEWEST: Final = """
SELECT event_id, (extract(epoch FROM event_time) * 1000)::bigint, (extract(epoch FROM watermark_before) * 1000)::bigint
FROM events
WHERE topic = %s AND partition = %s AND event_time >= to_timestamp(%s / 1000.0)
ORDER BY kafka_offset
"""


def known_ids(connection: psycopg.Connection[Any], task: int, marks: dict[str, int], known_ms: int) -> dict[str, State]:
    """Returns the state of `SeenByTopic` once all that `events` holds of a task was read.

    Args:
        connection: The database.
        task: The task.
        marks: Its watermarks by topic.
        known_ms: How long an id is known.
    """
    found = {}
    for topic, mark_ms in marks.items():
        seen = Seen(known_ms)
        # An hour more: ids are known by whole hours.
        with connection.transaction(), connection.cursor("known") as cursor:
            cursor.execute(_NEWEST, (topic, task, mark_ms - known_ms - 3_600_000))
            while rows := cursor.fetchmany(_BATCH):
                ids, times, before = zip(*rows, strict=True)
                hi, lo, _valid = split_ids(list(ids))
                met = pl.Series(before, dtype=pl.Int64).fill_null(NEVER).to_numpy()
                seen.first_of(hi, lo, np.array(times, np.int64), met)
        found[topic] = seen.state()
    return found
