"""`classpulse rebuild memory`: curves and signals folded anew from `quiz_attempts`, with the models as set now."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import psycopg
from confluent_kafka import KafkaException
from psycopg import sql

from dataflows.archive.consents import known_consents
from dataflows.batch import Settled
from dataflows.claim import SNAPSHOT_VERSION, RefusedError, Seed
from dataflows.eras import base_of
from dataflows.kafka.log import LogFacts, PartitionCountError
from dataflows.memory.choice import Choice
from dataflows.memory.flow import OPTIONAL_TOPICS, TOPICS
from dataflows.memory.memories import Memories
from dataflows.memory.rows import signal_rows
from dataflows.memory.steps import FLOW
from dataflows.memory.writing import scored, write
from dataflows.operators import packing, snapshot
from dataflows.operators.calendar import Calendar
from dataflows.operators.event_time import State, ms_of
from dataflows.operators.watermark import Watermarks
from dataflows.rebuild.attempts import amount, raised_signals, stored_attempts
from dataflows.rebuild.shadow import SHADOW, Report, alone, drop_shadow, make_shadow, replace
from dataflows.rebuild.spec import Counted
from dataflows.settings import Settings
from dataflows.sink.changes import Changes
from dataflows.sink.connection import APPLICATION, connect
from dataflows.sink.freshness import Freshness
from dataflows.sink.progress import claim_task, held_tasks, save_seed
from dataflows.sink.writer import Writer

REBUILT: Final = ("memory_reviews", "memory_state", "revision_signal_facts")
_FOREVER: Final = 1 << 61


@dataclass(frozen=True, slots=True)
class _Goal:
    """One task as the database holds it.

    Attributes:
        task: The task.
        generation: Under which generation it is written.
        low_ms: Up to when its topics have been read.
        marks: Its watermarks by topic.
        settled: How far its time had come.
        position: As `TaskPartition.snapshot` gives it.
    """

    task: int
    generation: int
    low_ms: int
    marks: dict[str, int]
    settled: Settled
    position: dict[str, Any]


def rebuild_memory(settings: Settings, progress: Counted, *, dry_run: bool = False) -> Report:
    """Folds all reviews of `quiz_attempts` and replaces the rows that differ; publishes nothing.

    Workers of the flow that still run are fenced: stop them first. A signal that was raised stays raised as long as
    the reviews agree; one that was not is raised where the watermark has passed its time. Each task's state is left
    for its next worker.

    Args:
        settings: Database, models, time zone.
        progress: Called with the attempts read so far, and with how many there are.
        dry_run: Compare only; change nothing (the shadow schema is dropped).

    Raises:
        RefusedError: Where the flow has never run, or a worker has taken a task of it meanwhile.
    """
    url = settings.database_url.get_secret_value()
    with connect(url, f"{APPLICATION}-rebuild") as connection:
        alone(connection)
        goals = _goals(connection, settings, url, claim=not dry_run)
        make_shadow(connection, FLOW, REBUILT, {goal.task: goal.generation for goal in goals})
        memories, done, total = _memories(settings, goals), 0, amount(connection)
        for attempts in stored_attempts(connection, list(memories)):
            for (task,), mine in attempts.group_by("task", maintain_order=True):
                memories[int(str(task))].add(scored(memories[int(str(task))], mine))
            done += len(attempts)
            progress(done, total)
        seeds = _write(connection, url, goals, memories)
        held = held_tasks(connection, FLOW, {goal.task: goal.generation for goal in goals})
        with nullcontext() if dry_run else held:
            tables = [replace(connection, table, sql.SQL("true"), dry_run=dry_run) for table in REBUILT]
            for task, seed in seeds.items() if not dry_run else ():
                save_seed(connection, FLOW, task, seed)
        drop_shadow(connection)
    return Report(None, done, tables)


def _goals(connection: psycopg.Connection[Any], settings: Settings, url: str, *, claim: bool) -> list[_Goal]:
    tasks = [task for (task,) in connection.execute("SELECT task FROM task_progress WHERE flow = %s", (FLOW,))]
    if not tasks:
        text = "the memory flow has never run: run `classpulse run memory` first"
        raise RefusedError(text)
    # Before anything is read: what a worker commits after that is refused.
    generations = {task: claim_task(url, FLOW, task).generation if claim else 0 for task in tasks}
    rows = connection.execute(
        "SELECT task, offsets, watermarks, settled_ms, begun, cluster_id, topic_ids, partitions FROM task_progress "
        "WHERE flow = %s ORDER BY task",
        (FLOW,),
    ).fetchall()
    unread = any(set(offsets) - set(marks) for _task, offsets, marks, *_ in rows)
    ends = _ends(settings) if unread else lambda _task, _offsets: {}
    return [
        _Goal(
            task,
            generations[task],
            max(Watermarks(marks).low_once_begun(offsets, ends(task, offsets)), ms_of(settled_ms)),
            marks,
            Settled(settled_ms, begun),
            {
                "version": SNAPSHOT_VERSION,
                "generation": generations[task],
                "offsets": offsets,
                "written": offsets,
                "cluster_id": cluster_id,
                "topic_ids": topic_ids,
                "partitions": partitions,
            },
        )
        for task, offsets, marks, settled_ms, begun, cluster_id, topic_ids, partitions in rows
    ]


def _ends(settings: Settings) -> Callable[[int, dict[str, int]], dict[str, int]]:
    """Returns where a task's topics end, which tells a topic that is empty from one that has not been read yet."""
    topics, optional = ([settings.topic(name) for name in names] for names in (TOPICS, OPTIONAL_TOPICS))
    try:
        facts = LogFacts.read(settings, topics, optional)
    except (KafkaException, PartitionCountError):
        # Nobody knows: then nothing falls due by a rebuild, and what has fallen due stays.
        return lambda _task, _offsets: dict.fromkeys(topics, _FOREVER)
    return lambda task, offsets: {t: base_of(offsets.get(t, 0)) + end for t, end in facts.ends(task).items()}


def _memories(settings: Settings, goals: list[_Goal]) -> dict[int, Memories]:
    calendar = Calendar(settings.timezone)
    memories = {
        goal.task: Memories(Choice(settings), lambda time_ms: calendar.day_of(packing.minute_of(time_ms)))
        for goal in goals
    }
    for mine in memories.values():
        mine.resolve_doubts()  # nothing is written that could be ahead of it
    return memories


def _write(
    connection: psycopg.Connection[Any], url: str, goals: list[_Goal], memories: dict[int, Memories]
) -> dict[int, Seed]:
    """Writes all rows into the shadow schema, and returns each task's state after that."""
    writer = Writer(url, FLOW, Freshness(), lambda _topic, _records: None, lambda: True, schema=SHADOW)
    raised, seeds = raised_signals(connection, min(goal.low_ms for goal in goals)), {}
    try:
        for goal in goals:
            memory = memories.pop(goal.task)
            settled_ms = _settled(goal, memory, raised)
            rows = write(memory, goal.task, settled_ms).rows
            changes = Changes(FLOW, goal.task, goal.generation, {}, {}, "", {}, rows=rows)
            writer.write_batch([(str(goal.task), changes)])
            seeds[goal.task] = _seed(goal, memory, settled_ms, known_consents(connection, goal.task))
    finally:
        writer.close()
    return seeds


def _settled(goal: _Goal, memories: Memories, raised: pl.DataFrame) -> int:
    """Returns up to when time was settled: what has fallen due stays so, though a topic that began later is behind."""
    if not len(raised):
        return goal.low_ms
    stands = signal_rows(memories, memories.signals.unwritten()).join(raised, on=raised.columns, how="semi")
    latest: int | None = stands.select(pl.col("scheduled_at").dt.epoch("ms").max()).item()
    return goal.low_ms if latest is None else max(goal.low_ms, latest)


def _seed(goal: _Goal, memories: Memories, settled_ms: int, consents: Any) -> Seed:  # noqa: ANN401
    """Returns where the next worker goes on: everything below the offsets is written, and nothing waits."""
    begun = {topic: ms_of(ms) for topic, ms in goal.settled.begun.items()}
    watermark: State = (goal.marks, settled_ms, begun, settled_ms)
    states = {
        "consent": consents,
        "watermark": watermark,
        "facts": [],
        "memory": {"memories": memories.state(), "attempts": [], "low": settled_ms},
    }
    return Seed(goal.position, {step_id: snapshot.dumps(state) for step_id, state in states.items()})
