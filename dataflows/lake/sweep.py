"""Files that no manifest names, and those that nobody needs any more: both go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg

from dataflows.claim import RefusedError
from dataflows.lake.files import EVENTS, FRESH, RAW, STAGING, writer_of
from dataflows.lake.store import Store
from dataflows.settings import Settings
from dataflows.sink.connection import APPLICATION, connect


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Holds the lake's lock: one compaction, erasure or sweep at a time; workers write beside it.

    A lock on the manifest, on a connection of its own: advisory locks are taken from everybody (`db.access.hardening`).

    Raises:
        RefusedError: Where another one is at work.
    """
    with connect(settings.database_url.get_secret_value(), f"{APPLICATION}-lake-lock") as connection:
        with connection.transaction():
            connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            try:
                connection.execute("LOCK TABLE lake_files IN SHARE UPDATE EXCLUSIVE MODE NOWAIT")
            except psycopg.errors.LockNotAvailable as error:
                text = "a compaction of the lake, an erasure or a rebuild is at work: run this again when it has ended"
                raise RefusedError(text) from error
            yield


_TASKS: Final = """
SELECT task, generation, coalesce((SELECT sum(o.value::bigint) FROM jsonb_each_text(offsets) o), 0)
FROM task_progress WHERE flow = 'lake'
"""


def sweep(connection: psycopg.Connection[Any], store: Store) -> int:
    """Deletes what a killed worker or compaction has left behind; returns how many files.

    A file of the flow may still be committed by the worker that wrote it, as long as nobody has claimed the task since
    and the task has not come past it. Nothing here is a matter of age. Call it under `alone`.
    """
    found = [stored.path for zone in (FRESH, RAW, STAGING, EVENTS) for stored in store.list(zone)]
    # Asked after the listing: what was written meanwhile is not on the list. In one snapshot, as they are committed.
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        rows = connection.execute("SELECT path, staged FROM lake_files").fetchall()
        tasks = {task: (generation, int(upto)) for task, generation, upto in connection.execute(_TASKS).fetchall()}
    named = {path for row in rows for path in row if path is not None}
    swept = [path for path in found if path not in named and _is_orphan(path, tasks)]
    for path in swept:
        store.delete(path)
    return len(swept)


def _is_orphan(path: str, tasks: dict[int, tuple[int, int]]) -> bool:
    writer = writer_of(path)
    if writer is None:
        return True
    task, *of_file = writer
    generation, upto = tasks.get(task, (0, 0))
    return of_file[0] < generation or of_file[1] <= upto


_UNNEEDED: Final = """
DELETE FROM lake_files f
WHERE (f.zone = 'raw' AND f.last_append < now() - make_interval(days => %(raw_days)s))
   OR (f.zone = 'events' AND f.last_append < now() - make_interval(days => %(days)s))
   OR (f.task IS NOT NULL AND f.replaced_at < now() - interval '1 hour' AND NOT EXISTS (
          SELECT FROM task_progress p
          WHERE p.flow = 'lake' AND p.task = f.task AND f.known_at + make_interval(secs => %(repeat_s)s) >= (
              SELECT to_timestamp(min(w.value::double precision) / 1000) FROM jsonb_each_text(p.watermarks) w)))
RETURNING path
"""
"""Too old; or replaced, not being read any more, and with no id that its task would have to know at a start."""


_EXPIRED: Final = """
INSERT INTO lake_expired AS e (since) SELECT now() - make_interval(days => %(days)s)
WHERE EXISTS (SELECT FROM lake_files WHERE zone = 'events')
ON CONFLICT (only_row) DO UPDATE SET since = greatest(e.since, excluded.since)
"""
"""What came before may be there in part: a file holds what happened on a day, and goes by when its last event came."""


def expire(connection: psycopg.Connection[Any], store: Store, settings: Settings) -> int:
    """Deletes files that are kept for long enough, and replaced ones that nobody needs; returns how many.

    The manifest first: it never names what is not there. What is then left over is swept. Call it under `alone`.
    """
    kept = {
        "raw_days": settings.keep_lake_raw_days,
        "days": settings.keep_lake_days,
        "repeat_s": settings.repeat_s + 7200,
    }
    with connection.transaction():
        rows = connection.execute(_UNNEEDED, kept).fetchall()
        connection.execute(_EXPIRED, kept)
    for (path,) in rows:
        store.delete(path)
    return len(rows)
