"""A flow rebuilt: its pipeline over the past into the shadow schema, then in place of the rows that differ."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace as with_changes
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from dataflows.archive.consents import known_consents
from dataflows.batch import Settled
from dataflows.claim import Seed
from dataflows.kafka.log import LogFacts
from dataflows.kafka.start import position
from dataflows.operators import snapshot
from dataflows.rebuild.late import add_again
from dataflows.rebuild.player import Player
from dataflows.rebuild.shadow import SHADOW, Report, alone, drop_shadow, make_shadow, replace, shadow_writer
from dataflows.rebuild.spec import Counted, Goal, RebuildSpec, goals_of
from dataflows.settings import Settings
from dataflows.sink.connection import APPLICATION, connect
from dataflows.sink.progress import held_tasks, save_seed


def rebuild(
    spec: RebuildSpec,
    settings: Settings,
    progress: Counted,
    *,
    dry_run: bool = False,
    archive_alone: bool = False,
) -> Report:
    """Recomputes a flow from the archive and the topics and replaces what that covers.

    Lateness is judged by the watermark that each event met when it came, and late events are added to the days to
    which the nightly run has added them, so the result equals what the tables hold. Workers of the flow that still run
    are fenced: stop them first; where one claims a task meanwhile nothing is replaced. Each task's state is left for
    its next worker.

    Args:
        spec: The flow.
        settings: Database, Kafka, rules.
        progress: Called with the events read so far, and with how many there are.
        dry_run: Compare only; change nothing (the shadow schema is dropped).
        archive_alone: Go no further than the archive, though the flow had: the topics are lost.

    Raises:
        RefusedError: Where the archive has nothing to rebuild from, or a worker has taken a task meanwhile.
    """
    with connect(settings.database_url.get_secret_value(), f"{APPLICATION}-rebuild") as connection:
        alone(connection)
        goals = goals_of(spec, connection, settings, claim=not dry_run)
        if archive_alone:
            # What the flow had read beyond it is given up, and with it what that had settled.
            goals = [
                with_changes(goal, upto=goal.archived, settled=Settled(None, goal.settled.begun)) for goal in goals
            ]
        covers_from = whole_from(spec, connection, settings, [goal.task for goal in goals])
        generations = {goal.task: goal.claim.generation for goal in goals}
        make_shadow(connection, spec.flow, spec.tables, generations)
        total = _amount(spec, settings, connection, goals)
        done, seeds = _play(spec, settings, connection, goals, lambda read: progress(read, total))
        if covers_from is not None:
            for statement in spec.adopt:
                connection.execute(statement)
        add_again(spec, settings, connection, goals, covers_from)
        with nullcontext() if dry_run else held_tasks(connection, spec.flow, generations):
            tables = [
                replace(connection, table, spec.covered(table, covers_from), dry_run=dry_run) for table in spec.tables
            ]
            if not dry_run:
                _finish(connection)
                for task, seed in seeds.items():
                    save_seed(connection, spec.flow, task, seed)
        drop_shadow(connection)
    return Report(covers_from, done, tables)


def _amount(spec: RebuildSpec, settings: Settings, connection: psycopg.Connection[Any], goals: list[Goal]) -> int:
    """Returns how many events there are to read: those of the archive, and what the topics have beyond it."""
    row = connection.execute(
        "SELECT count(*) FROM events WHERE topic = ANY(%s) AND partition = ANY(%s)",
        (spec.topics(settings), [goal.task for goal in goals]),
    ).fetchone()
    beyond = sum(upto - goal.archived[topic] for goal in goals for topic, upto in goal.upto.items())
    return (row[0] if row else 0) + beyond


def _play(
    spec: RebuildSpec,
    settings: Settings,
    connection: psycopg.Connection[Any],
    goals: list[Goal],
    progress: Callable[[int], None],
) -> tuple[int, dict[int, Seed]]:
    """Plays the past of all tasks; returns how many events that were, and the state that each task is left in."""
    topics, optional = ([settings.topic(t) for t in ts] for ts in (spec.module.TOPICS, spec.module.OPTIONAL_TOPICS))
    facts, done, seeds = LogFacts.read(settings, topics, optional), 0, dict[int, Seed]()
    with shadow_writer(spec.flow, settings) as writer:
        for goal in goals:
            operators = {step_id: make(goal.task) for step_id, make in spec.module.steps(settings).items()}
            operators["consent"].restore(known_consents(connection, goal.task))
            for read in Player(spec, settings, goal, list(operators.values()), writer).archive_and_topics(connection):
                done += read
                progress(done)
            states = {step_id: snapshot.dumps(operator.state()) for step_id, operator in operators.items()}
            seeds[goal.task] = Seed(position(facts, goal.upto, goal.upto, goal.claim.generation), states)
    return done, seeds


def whole_from(
    spec: RebuildSpec, connection: psycopg.Connection[Any], settings: Settings, tasks: list[int]
) -> datetime | None:
    """Returns since when the archive is whole: None when nothing live is older than what it keeps.

    Where retention has dropped its beginning, results hold from the second local midnight after the first event kept.
    What was rolled up is no longer in the tables, and would count twice if it were made again: results begin after it.
    """
    row = connection.execute(
        sql.SQL(
            "SELECT max(first_kept) FROM (SELECT partition, min(event_time) AS first_kept FROM events "
            "WHERE topic = ANY(%s) AND partition = ANY(%s) GROUP BY partition) AS kept WHERE {}"
        ).format(sql.SQL(spec.older)),
        (spec.topics(settings), tasks),
    ).fetchone()
    rolled_up = connection.execute(
        "SELECT max(until) FROM rolled_up WHERE table_name = ANY(%s)", (list(spec.tables),)
    ).fetchone()
    begins = [found[0] for found in (row, rolled_up) if found is not None and found[0] is not None]
    if not begins:
        return None
    found = connection.execute(
        "SELECT (date_trunc('day', %s::timestamptz AT TIME ZONE %s) + interval '2 days') AT TIME ZONE %s",
        (max(begins), settings.timezone, settings.timezone),
    ).fetchone()
    return None if found is None else found[0]


def _finish(connection: psycopg.Connection[Any]) -> None:
    """Moves the flow's progress to where the rebuild has come, so that a worker goes on from there."""
    connection.execute(
        sql.SQL(
            "UPDATE public.task_progress p SET offsets = s.offsets, watermarks = s.watermarks, "
            "settled_ms = s.settled_ms, begun = s.begun, partitions = coalesce(s.partitions, p.partitions), "
            "updated_at = now() "
            "FROM {}.task_progress s WHERE p.flow = s.flow AND p.task = s.task AND p.generation = s.generation"
        ).format(sql.Identifier(SHADOW))
    )
