"""`task_progress`: claiming a task, and the fence that refuses writes under an old generation (decision 5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import structlog
from psycopg import sql

from dataflows.kafka.batch import Settled
from dataflows.kafka.eras import ERA
from dataflows.kafka.source import SNAPSHOT_VERSION, Claim, RefusedError, Seed
from dataflows.operators import snapshot
from dataflows.sink.changes import Changes
from dataflows.sink.connection import APPLICATION, connect

_LOCK_TIMEOUT_MS: Final = 3000

log = structlog.get_logger()


class FencedError(RuntimeError):
    """Another worker has claimed a task of this one; nothing was written."""


def claim_task(database_url: str, flow: str, task: int) -> Claim:
    """Raises the task's generation and returns what the database holds of it.

    One UPDATE, so that two claimers end in one order. A frozen worker that holds the row in an open transaction is
    disconnected: the newer claim wins.

    Raises:
        psycopg.OperationalError: Where the database does not answer within the connection's patience.
    """
    with connect(database_url, f"{APPLICATION}-claim") as connection:
        for _attempt in range(5):
            try:
                with connection.transaction():
                    connection.execute(
                        sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(f"{_LOCK_TIMEOUT_MS}ms"))
                    )
                    return _raise_generation(connection, flow, task)
            except psycopg.errors.LockNotAvailable:
                _disconnect_holders(connection, flow, task)
        return _raise_generation(connection, flow, task)


def _raise_generation(connection: psycopg.Connection[Any], flow: str, task: int) -> Claim:
    row = connection.execute(
        """
        INSERT INTO task_progress AS p (flow, task, generation, cluster_id, topic_ids, offsets, watermarks, updated_at)
        VALUES (%s, %s, 1, '', '{}', '{}', '{}', now())
        ON CONFLICT (flow, task) DO UPDATE SET generation = p.generation + 1
        RETURNING generation, offsets, cluster_id, topic_ids, settled_ms, begun, (
            SELECT coalesce(jsonb_object_agg(topic, base), '{}') FROM (
                SELECT o.key AS topic, max(o.value::bigint / %s * %s) AS base
                FROM task_progress t, jsonb_each_text(t.offsets) o WHERE t.task = p.task GROUP BY o.key
            ) AS begun
        )
        """,
        (flow, task, ERA, ERA),
    ).fetchone()
    if row is None:
        text = "task_progress returned no row"
        raise RuntimeError(text)
    generation, offsets, cluster_id, topic_ids, settled_ms, begun, bases = row
    return Claim(generation, offsets, cluster_id, topic_ids, bases, Settled(settled_ms, begun, offsets))


def _disconnect_holders(connection: psycopg.Connection[Any], flow: str, task: int) -> None:
    # Only backends of our own writers that hold a lock on the progress table are touched.
    found = connection.execute(
        """
        SELECT pg_terminate_backend(a.pid), a.pid FROM pg_stat_activity a
        WHERE a.application_name = %s AND a.pid <> pg_backend_pid() AND a.usename = current_user
          AND a.datname = current_database() AND a.xact_start < now() - interval '2 seconds'
          AND EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND l.relation = 'task_progress'::regclass)
        """,
        (f"{APPLICATION}-{flow}",),
    ).fetchall()
    log.warning("a worker held the task in an open transaction and was disconnected", flow=flow, task=task, found=found)


@contextmanager
def held_tasks(connection: psycopg.Connection[Any], flow: str, generations: dict[int, int]) -> Iterator[None]:
    """Runs a transaction during which no worker claims these tasks or commits anything of them.

    Args:
        connection: The database.
        flow: The flow.
        generations: The generation under which each task was claimed.

    Raises:
        RefusedError: Where a worker has claimed one of them since.
    """
    with connection.transaction():
        rows = connection.execute(
            "SELECT task, generation FROM task_progress WHERE flow = %s ORDER BY task FOR UPDATE", (flow,)
        ).fetchall()
        taken = [task for task, generation in rows if generations.get(task, generation) != generation]
        if taken:
            text = (
                f"a worker of {flow} has started meanwhile (task {taken[0]}) and nothing was replaced: "
                "stop the workers, then run this again"
            )
            raise RefusedError(text)
        yield


def save_seed(connection: psycopg.Connection[Any], flow: str, task: int, seed: Seed) -> None:
    """Keeps what a rebuild leaves for a task, in place of what an earlier one left."""
    connection.execute(
        """
        INSERT INTO task_seeds (flow, task, seed, made_at) VALUES (%s, %s, %s, now())
        ON CONFLICT (flow, task) DO UPDATE SET seed = excluded.seed, made_at = excluded.made_at
        """,
        (flow, task, snapshot.dumps((seed.position, seed.states))),
    )


def load_seed(database_url: str, flow: str, task: int) -> Seed | None:
    """Returns what the last rebuild left for a task, or None.

    Raises:
        psycopg.OperationalError: Where the database does not answer within the connection's patience.
    """
    with connect(database_url, f"{APPLICATION}-claim") as connection:
        row = connection.execute("SELECT seed FROM task_seeds WHERE flow = %s AND task = %s", (flow, task)).fetchone()
    return None if row is None else Seed(*snapshot.loads(row[0]))


def seed_of_progress(
    database_url: str, flow: str, task: int, states: Callable[[dict[str, int]], dict[str, bytes]]
) -> Seed | None:
    """Returns where a task of a flow without memory stands: whatever lies below its offsets is written for good.

    Args:
        database_url: libpq URL.
        flow: The flow.
        task: The task.
        states: Makes the operators' snapshots from the watermarks by topic.
    """
    with connect(database_url, f"{APPLICATION}-claim") as connection:
        row = connection.execute(
            """
            SELECT offsets, watermarks, cluster_id, topic_ids
            FROM task_progress WHERE flow = %s AND task = %s AND offsets <> '{}'
            """,
            (flow, task),
        ).fetchone()
    if row is None:
        return None
    offsets, marks, cluster_id, topic_ids = row
    # How many partitions there were nobody has written down: other tasks may not have committed anything yet.
    read = {"version": SNAPSHOT_VERSION, "offsets": offsets, "written": offsets, "partitions": None}
    return Seed({**read, "cluster_id": cluster_id, "topic_ids": topic_ids}, states(marks))


def advance(cursor: psycopg.Cursor[Any], changes: list[Changes]) -> None:
    """Writes how far the tasks have come, inside the transaction of their rows; locks them against a claim.

    Raises:
        FencedError: Where a task has been claimed anew; the caller must roll back and stop.
    """
    payload = [
        {
            "flow": c.flow,
            "task": c.task,
            "generation": c.generation,
            "cluster_id": c.cluster_id,
            "topic_ids": c.topic_ids,
            "offsets": c.offsets,
            "watermarks": c.watermarks,
            "settled_ms": c.settled.upto_ms,
            "begun": c.settled.begun,
        }
        for c in sorted(changes, key=lambda c: c.task)
    ]
    cursor.execute(
        """
        UPDATE task_progress p SET cluster_id = n.cluster_id, topic_ids = n.topic_ids, offsets = n.offsets,
               watermarks = n.watermarks, settled_ms = n.settled_ms, begun = n.begun, updated_at = now()
        FROM jsonb_to_recordset(%s::jsonb) AS n(flow text, task bigint, generation bigint, cluster_id text,
             topic_ids jsonb, offsets jsonb, watermarks jsonb, settled_ms bigint, begun jsonb)
        WHERE p.flow = n.flow AND p.task = n.task AND p.generation = n.generation
        """,
        (json.dumps(payload),),
    )
    if cursor.rowcount != len(changes):
        tasks = ", ".join(str(c.task) for c in changes)
        text = (
            f"another worker has claimed one of the tasks {tasks} of {changes[0].flow}; nothing was written. "
            "This worker was frozen or cut off and has been replaced: it stops."
        )
        raise FencedError(text)
