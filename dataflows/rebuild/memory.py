"""`classpulse rebuild memory`: curves and signals folded anew from `quiz_attempts`, with the models as set now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import psycopg
from confluent_kafka import KafkaException
from psycopg import sql

from dataflows.engage.days import Calendar
from dataflows.events.ids import split_ids
from dataflows.kafka.keys import partition_of
from dataflows.kafka.log import LogFacts, PartitionCountError
from dataflows.kafka.source import RefusedError
from dataflows.memory import OPTIONAL_TOPICS, TOPICS
from dataflows.operators import packing
from dataflows.operators.watermark import Watermarks
from dataflows.rebuild.shadow import SHADOW, Report, drop_shadow, make_shadow, replace
from dataflows.remember.choice import Choice
from dataflows.remember.memories import Memories
from dataflows.remember.steps import FLOW
from dataflows.remember.writing import scored, write
from dataflows.settings import Settings
from dataflows.sink.changes import Changes
from dataflows.sink.connection import APPLICATION, connect
from dataflows.sink.freshness import Freshness
from dataflows.sink.progress import claim_task
from dataflows.sink.writer import Writer

REBUILT: Final = ("memory_reviews", "memory_state", "revision_signal_facts")
BATCH: Final = 32_768
_FOREVER: Final = 1 << 61

_ATTEMPTS: Final = """
SELECT (extract(epoch FROM attempted_at) * 1000)::bigint, event_id, user_id, module, score, domain
FROM quiz_attempts WHERE module IS NOT NULL ORDER BY attempted_at, event_id
"""
_SIGNALS: Final = """
SELECT user_id, module_id, (extract(epoch FROM scheduled_at) * 1000)::bigint FROM revision_signal_facts
WHERE scheduled_at > to_timestamp(%s / 1000.0)
"""


@dataclass(frozen=True, slots=True)
class _Goal:
    """One task: under which generation it is written, and up to when its topics have been read."""

    task: int
    generation: int
    low_ms: int


def rebuild_memory(settings: Settings, progress: Callable[[int], None], *, dry_run: bool = False) -> Report:
    """Folds all reviews of `quiz_attempts` and replaces the rows that differ; publishes nothing.

    Workers of the flow that still run are fenced: stop them first. A signal that was raised stays raised as long as
    the reviews agree; one that was not is raised where the watermark has passed its time.

    Args:
        settings: Database, models, time zone.
        progress: Called with the attempts read so far.
        dry_run: Compare only; change nothing (the shadow schema is dropped).

    Raises:
        RefusedError: Where the flow has never run.
    """
    url = settings.database_url.get_secret_value()
    with connect(url, f"{APPLICATION}-rebuild") as connection:
        goals = _goals(connection, settings, url, claim=not dry_run)
        make_shadow(connection, FLOW, REBUILT, {goal.task: goal.generation for goal in goals})
        memories = _memories(settings, goals)
        writer = Writer(url, FLOW, Freshness(), lambda _topic, _records: None, lambda: True, schema=SHADOW)
        done = 0
        try:
            for attempts in _attempts(connection, goals):
                for (task,), mine in attempts.group_by("task", maintain_order=True):
                    memories[int(str(task))].add(scored(memories[int(str(task))], mine))
                done += len(attempts)
                progress(done)
            raised = _raised(connection, min(goal.low_ms for goal in goals))
            for goal in goals:
                writer.write_batch([(str(goal.task), _changes(goal, memories.pop(goal.task), raised))])
        finally:
            writer.close()
        tables = [replace(connection, table, sql.SQL("true"), dry_run=dry_run) for table in REBUILT]
        drop_shadow(connection)
    return Report(None, done, tables)


def _goals(connection: psycopg.Connection[Any], settings: Settings, url: str, *, claim: bool) -> list[_Goal]:
    rows = connection.execute(
        "SELECT task, offsets, watermarks FROM task_progress WHERE flow = %s ORDER BY task", (FLOW,)
    ).fetchall()
    if not rows:
        text = "the memory flow has never run: run `classpulse run memory` first"
        raise RefusedError(text)
    ends = _ends(settings) if any(set(offsets) - set(marks) for _task, offsets, marks in rows) else lambda _task: {}
    return [
        _Goal(
            task,
            claim_task(url, FLOW, task).generation if claim else 0,
            Watermarks(marks).low_once_begun(offsets, ends(task)),
        )
        for task, offsets, marks in rows
    ]


def _ends(settings: Settings) -> Callable[[int], dict[str, int]]:
    """Returns where a task's topics end, which tells a topic that is empty from one that has not been read yet."""
    topics, optional = ([settings.topic(name) for name in names] for names in (TOPICS, OPTIONAL_TOPICS))
    try:
        return LogFacts.read(settings, topics, optional).ends
    except (KafkaException, PartitionCountError):
        # Nobody knows: then nothing falls due by a rebuild, and what has fallen due stays.
        return lambda _task: dict.fromkeys(topics, _FOREVER)


def _memories(settings: Settings, goals: list[_Goal]) -> dict[int, Memories]:
    calendar = Calendar(settings.timezone)
    return {
        goal.task: Memories(Choice(settings), lambda time_ms: calendar.day_of(packing.minute_of(time_ms)))
        for goal in goals
    }


def _attempts(connection: psycopg.Connection[Any], goals: list[_Goal]) -> Iterator[pl.DataFrame]:
    """Yields the reviews in time order, each with the task that its student lives in."""
    tasks: dict[str, int] = dict(
        connection.execute("SELECT user_id, max(task) FROM memory_state GROUP BY 1").fetchall()
    )
    names = ("event_ms", "event_id", "user_id", "module", "score", "domain")
    types = (pl.Int64, pl.String, pl.String, pl.String, pl.Float64, pl.String)
    with connection.transaction(), connection.cursor("attempts") as cursor:
        cursor.itersize = BATCH
        cursor.execute(_ATTEMPTS)
        while rows := cursor.fetchmany(BATCH):
            frame = pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")
            hi, lo, _valid = split_ids(frame["event_id"].to_list())
            users = frame["user_id"].to_list()
            for user in set(users) - set(tasks):
                tasks[user] = goals[partition_of(user.encode(), len(goals))].task
            yield frame.with_columns(
                id_hi=hi, id_lo=lo, rank=pl.lit(0, dtype=pl.Int8), task=pl.Series([tasks[user] for user in users])
            )


def _raised(connection: psycopg.Connection[Any], low_ms: int) -> pl.DataFrame:
    """Returns the signals that are raised though they fell due after the lowest watermark."""
    rows = connection.execute(_SIGNALS, (max(low_ms, 0),)).fetchall()
    schema = {"user_id": pl.String, "module_id": pl.String, "due_ms": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").select(
        "user_id", "module_id", pl.col("due_ms").cast(pl.Datetime("ms")).alias("scheduled_at")
    )


def _changes(goal: _Goal, memories: Memories, raised: pl.DataFrame) -> Changes:
    """Returns all rows of a task."""
    rows = write(memories, goal.task, _FOREVER).rows
    signals = rows.get("revision_signal_facts")
    if signals is not None:
        passed = signals.filter(pl.col("scheduled_at").dt.epoch("ms") <= goal.low_ms)
        beyond = signals.filter(pl.col("scheduled_at").dt.epoch("ms") > goal.low_ms)
        rows["revision_signal_facts"] = pl.concat([passed, beyond.join(raised, on=raised.columns, how="semi")])
    return Changes(FLOW, goal.task, goal.generation, {}, {}, "", {}, rows)
