"""Which ids a task of `lake` knows when it starts: those of its newest files."""

from __future__ import annotations

import io
from typing import Any, Final

import polars as pl
import psycopg

from dataflows.events.ids import split_ids
from dataflows.lake.store import Store
from dataflows.operators.dedupe import Seen, State
from dataflows.operators.watermark import NEVER

# Files as the flow wrote them, replaced by compaction or not: they stay until no task needs them.
_NEWEST: Final = """
SELECT path FROM lake_files
WHERE zone = 'events' AND task = %s AND known_at >= to_timestamp(%s / 1000.0) ORDER BY generation, path
"""
_COLUMNS: Final = ["event_id", "event_time", "topic", "partition", "kafka_offset", "watermark_before"]


def known_ids(
    connection: psycopg.Connection[Any], store: Store, task: int, marks: dict[str, int], known_ms: int
) -> dict[str, State]:
    """Returns the state of `SeenByTopic` once all that a task's files hold was read.

    Args:
        connection: The database.
        store: The lake.
        task: The task.
        marks: Its watermarks by topic.
        known_ms: How long an id is known.
    """
    seen = {topic: Seen(known_ms) for topic in marks}
    # An hour more: ids are known by whole hours.
    since = min(marks.values(), default=0) - known_ms - 3_600_000
    paths = [path for (path,) in connection.execute(_NEWEST, (task, since)).fetchall()]
    read = [pl.read_parquet(io.BytesIO(store.get(path)), columns=_COLUMNS) for path in paths]
    frame = pl.concat(read).sort("kafka_offset") if read else pl.DataFrame()
    for (topic,), rows in frame.group_by("topic") if read else ():
        hi, lo, _valid = split_ids(rows["event_id"].to_list())
        times = rows["event_time"].dt.epoch("ms").to_numpy()
        met = rows["watermark_before"].dt.epoch("ms").fill_null(NEVER).to_numpy()
        seen[str(topic)].first_of(hi, lo, times, met)
    return {topic: one.state() for topic, one in seen.items()}
