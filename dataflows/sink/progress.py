"""`task_progress`: claiming a task, and the fence that refuses writes under an old generation (decision 5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import structlog
from psycopg import sql

from dataflows.batch import Settled
from dataflows.claim import SNAPSHOT_VERSION, Claim, RefusedError, Seed, after_loss
from dataflows.eras import ERA
from dataflows.errors import Exit, UserError
from dataflows.operators import snapshot
from dataflows.sink.changes import Changes
from dataflows.sink.connection import APPLICATION, connect

_LOCK_TIMEOUT_MS: Final = 3000

log = structlog.get_logger()


class FencedError(UserError):
    """Another worker has claimed a task of this one; nothing was written."""

    exit_code = Exit.REPLACED


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
        ), (
            SELECT coalesce(jsonb_object_agg(topic, partitions), '{}') FROM (
                SELECT o.topic, max(t.partitions) AS partitions
                FROM task_progress t, jsonb_object_keys(t.offsets) AS o (topic)
                WHERE t.partitions IS NOT NULL GROUP BY o.topic
            ) AS counted
        )
        """,
        (flow, task, ERA, ERA),
    ).fetchone()
    if row is None:
        text = "task_progress returned no row"
        raise RuntimeError(text)
    generation, offsets, cluster_id, topic_ids, settled_ms, begun, bases, partitions = row
    settled = Settled(settled_ms, begun, offsets)
    return Claim(generation, offsets, cluster_id, topic_ids, bases, settled, partitions, erased_digests(connection))


def erased_digests(connection: psycopg.Connection[Any]) -> frozenset[bytes]:
    """Returns by what the students are known who were erased."""
    return frozenset(digest for (digest,) in connection.execute("SELECT digest FROM erased_students"))


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
        INSERT INTO task_seeds (flow, task, seed, generation, made_at) VALUES (%s, %s, %s, %s, now())
        ON CONFLICT (flow, task) DO UPDATE
        SET seed = excluded.seed, generation = excluded.generation, made_at = excluded.made_at
        """,
        (flow, task, snapshot.dumps((seed.position, seed.states)), seed.position["generation"]),
    )


def load_seed(database_url: str, flow: str, task: int, after: int = -1) -> Seed | None:
    """Returns what the last rebuild left for a task, or None.

    Args:
        database_url: libpq URL.
        flow: The flow.
        task: The task.
        after: Only of a rebuild under a later generation than this.

    Raises:
        psycopg.OperationalError: Where the database does not answer within the connection's patience.
    """
    with connect(database_url, f"{APPLICATION}-claim") as connection:
        row = connection.execute(
            "SELECT seed FROM task_seeds WHERE flow = %s AND task = %s AND generation > %s", (flow, task, after)
        ).fetchone()
    return None if row is None else Seed(*snapshot.loads(row[0]))


def seed_of_progress(
    database_url: str,
    flow: str,
    task: int,
    states: Callable[[psycopg.Connection[Any], int, dict[str, int]], dict[str, bytes]],
) -> Seed | None:
    """Returns where a task of a flow without memory stands: whatever lies below its offsets is written for good.

    Args:
        database_url: libpq URL.
        flow: The flow.
        task: The task.
        states: Makes the operators' snapshots from the database, the task and the watermarks by topic.
    """
    with connect(database_url, f"{APPLICATION}-claim") as connection:
        row = connection.execute(
            """
            SELECT offsets, watermarks, cluster_id, topic_ids, partitions, generation
            FROM task_progress WHERE flow = %s AND task = %s AND offsets <> '{}'
            """,
            (flow, task),
        ).fetchone()
        if row is None:
            return None
        offsets, marks, cluster_id, topic_ids, partitions, generation = row
        made = states(connection, task, marks)
    # The claim that comes before this has raised the generation.
    read = {"version": SNAPSHOT_VERSION, "offsets": offsets, "written": offsets, "generation": generation - 1}
    of_log = {"partitions": partitions, "cluster_id": cluster_id, "topic_ids": topic_ids}
    return Seed(read | of_log, made)


def advance(cursor: psycopg.Cursor[Any], changes: list[Changes], last: dict[int, dict[str, int]]) -> None:
    """Writes how far the tasks have come, inside the transaction of their rows; locks them against a claim.

    Each task must stand where this worker has left it: a database that lost commits (a failover to a standby that was
    behind, a backup restored under the worker) would hold what comes now and not what came before. It may also stand
    where this write leaves it: that is this write, whose acknowledgement was lost. And its state must have written
    since time was settled up to `late_ms`: what an older one holds would take out late events that were added.

    Args:
        cursor: In the transaction.
        changes: At most one a task.
        last: The places that this worker wrote last, by task; where it has written none, those that it claimed hold.

    Raises:
        FencedError: Where a task has been claimed anew; the caller must roll back and stop.
        RefusedError: Where the database no longer holds what this worker wrote; the caller must roll back and stop.
    """
    payload = [
        {
            "flow": c.flow,
            "task": c.task,
            "generation": c.generation,
            "cluster_id": c.cluster_id,
            "topic_ids": c.topic_ids,
            "partitions": c.partitions,
            "offsets": c.offsets,
            "last": last.get(c.task, c.claimed),
            "watermarks": c.watermarks,
            "settled_ms": c.settled.upto_ms,
            "begun": c.settled.begun,
            "wrote_ms": c.settled.wrote_ms,
        }
        for c in sorted(changes, key=lambda c: c.task)
    ]
    cursor.execute(
        """
        UPDATE task_progress p SET cluster_id = n.cluster_id, topic_ids = n.topic_ids, offsets = n.offsets,
               partitions = coalesce(n.partitions, p.partitions), watermarks = n.watermarks,
               settled_ms = n.settled_ms, begun = n.begun, updated_at = now()
        FROM jsonb_to_recordset(%s::jsonb) AS n(flow text, task bigint, generation bigint, cluster_id text,
             topic_ids jsonb, partitions bigint, offsets jsonb, last jsonb, watermarks jsonb, settled_ms bigint,
             begun jsonb, wrote_ms bigint)
        WHERE p.flow = n.flow AND p.task = n.task AND p.generation = n.generation
          AND (p.offsets = n.last OR p.offsets = n.offsets)
          AND (p.late_ms IS NULL OR p.late_ms <= n.wrote_ms)
        """,
        (json.dumps(payload),),
    )
    if cursor.rowcount != len(changes):
        raise _why_not(cursor, changes, last)


def _why_not(cursor: psycopg.Cursor[Any], changes: list[Changes], last: dict[int, dict[str, int]]) -> Exception:
    """Returns why tasks did not stand where this worker left them."""
    flow = changes[0].flow
    cursor.execute("SELECT task, generation, offsets, late_ms FROM task_progress WHERE flow = %s", (flow,))
    rows = cursor.fetchall()
    found = {task: (generation, offsets) for task, generation, offsets, _late_ms in rows}
    taken = [c.task for c in changes if found.get(c.task, (0, {}))[0] > c.generation]
    if taken:
        text = (
            f"another worker has claimed task {', '.join(map(str, taken))} of {flow}; nothing was written. "
            "This worker was frozen or cut off and has been replaced: it stops."
        )
        return FencedError(text)
    for c in changes:
        generation, offsets = found.get(c.task, (0, {}))
        wrote = last.get(c.task, c.claimed)
        if generation != c.generation or offsets not in (wrote, c.offsets):
            text = (
                f"{flow} task {c.task}: the database no longer holds what this worker wrote (it held {wrote}, now "
                f"{offsets}): it lost its last commits, by a failover or a backup that was restored. Nothing was "
                f"written. {after_loss(flow)}"
            )
            return RefusedError(text)
    late = {task: late_ms for task, _generation, _offsets, late_ms in rows if late_ms is not None}
    old = [c.task for c in changes if c.task in late and late[c.task] > (c.settled.wrote_ms or 0)]
    if old:
        text = (
            f"{flow} task {old[0]}: `classpulse nightly` has added late events to days that this worker's state, of an "
            "old snapshot or of none, would write as they were. Nothing was written. Run "
            f"`classpulse rebuild {flow}`, and start it again: it goes on from there"
        )
        return RefusedError(text)
    text = f"task_progress of {flow} changed while it was read; nothing was written"
    return FencedError(text)
