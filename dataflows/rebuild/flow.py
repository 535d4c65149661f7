"""A flow rebuilt: its pipeline over the past into the shadow schema, then in place of the rows that differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack, nullcontext
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
from dataflows.rebuild.kept_events import KeptEvents, kept
from dataflows.rebuild.lake import aged_until
from dataflows.rebuild.late import add_again
from dataflows.rebuild.player import Player
from dataflows.rebuild.shadow import SHADOW, Report, alone, drop_shadow, make_shadow, replace, shadow_writer
from dataflows.rebuild.spec import ARCHIVE_AND_LAKE, Counted, Goal, RebuildSpec, goals_of
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
    """Recomputes a flow from archive, lake and topics, as one past, and replaces what that covers.

    Lateness is judged by the watermark that each event met when it came, and late events are added to the days to
    which the nightly run has added them, so the result equals what the tables hold. Workers of the flow that still run
    are fenced: stop them first; where one claims a task meanwhile nothing is replaced. Each task's state is left for
    its next worker.

    Args:
        spec: The flow.
        settings: Database, Kafka, rules.
        progress: Called with the events read so far, and with how many there are.
        dry_run: Compare only; change nothing (the shadow schema is dropped).
        archive_alone: Go no further than archive and lake, though the flow had: the topics are lost.

    Raises:
        RefusedError: Where nothing is kept to rebuild from, the lake is being compacted, or a worker has taken a task
            meanwhile.
        UnavailableError: Where the lake cannot be read.
    """
    with ExitStack() as stack:
        connection = stack.enter_context(connect(settings.database_url.get_secret_value(), f"{APPLICATION}-rebuild"))
        alone(connection)
        goals = goals_of(spec, connection, settings, claim=not dry_run, keepers=ARCHIVE_AND_LAKE)
        if archive_alone:
            # What the flow had read beyond them is given up, and with it what that had settled.
            goals = [
                with_changes(goal, upto=goal.archived, settled=Settled(None, goal.settled.begun)) for goal in goals
            ]
        tasks = [goal.task for goal in goals]
        past = stack.enter_context(kept(connection, settings, spec.topics(settings)))
        since = whole_from(spec, connection, past, settings, tasks)
        covers = {table: _latest([since, _held_from(connection, settings, table)]) for table in spec.tables}
        covers_from = _latest(covers.values())
        generations = {goal.task: goal.claim.generation for goal in goals}
        make_shadow(connection, spec.flow, spec.tables, generations)
        total = past.count(tasks) + _beyond(goals)
        done, seeds = _play(spec, settings, connection, past, goals, lambda read: progress(read, total))
        if since is not None:
            for statement in spec.adopt:
                connection.execute(statement)
        add_again(spec, settings, connection, past, goals, since)
        with nullcontext() if dry_run else held_tasks(connection, spec.flow, generations):
            tables = [
                replace(connection, table, spec.covered(table, covers[table]), dry_run=dry_run) for table in spec.tables
            ]
            if not dry_run:
                _finish(connection)
                for task, seed in seeds.items():
                    save_seed(connection, spec.flow, task, seed)
        drop_shadow(connection)
    return Report(covers_from, done, tables)


def _beyond(goals: list[Goal]) -> int:
    """Returns how many records the topics have beyond what is kept."""
    return sum(upto - goal.archived[topic] for goal in goals for topic, upto in goal.upto.items())


def _play(  # noqa: PLR0913
    spec: RebuildSpec,
    settings: Settings,
    connection: psycopg.Connection[Any],
    past: KeptEvents,
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
            for read in Player(spec, settings, goal, list(operators.values()), writer).kept_and_topics(past):
                done += read
                progress(done)
            states = {step_id: snapshot.dumps(operator.state()) for step_id, operator in operators.items()}
            seeds[goal.task] = Seed(position(facts, goal.upto, goal.upto, goal.claim.generation), states)
    return done, seeds


def whole_from(
    spec: RebuildSpec, connection: psycopg.Connection[Any], past: KeptEvents, settings: Settings, tasks: list[int]
) -> datetime | None:
    """Returns since when the past is whole: None when nothing live is older than what is kept.

    Where its beginning is gone, results hold from the second local midnight after the first event kept.
    """
    begins = past.begins(tasks)
    if not begins:
        return None
    row = connection.execute(
        sql.SQL(
            "SELECT max(first_kept) FROM unnest({}::bigint[], {}::timestamptz[]) AS kept (partition, first_kept) "
            "WHERE {}"
        ).format(sql.Literal(list(begins)), sql.Literal(list(begins.values())), sql.SQL(spec.older)),
    ).fetchone()
    return None if row is None or row[0] is None else _second_midnight(connection, settings, row[0])


def rolled_up_until(connection: psycopg.Connection[Any], settings: Settings, tables: Iterable[str]) -> datetime | None:
    """Returns when results begin that were not rolled up: what was would count twice if it were made again."""
    row = connection.execute("SELECT max(until) FROM rolled_up WHERE table_name = ANY(%s)", (list(tables),)).fetchone()
    return None if row is None or row[0] is None else _second_midnight(connection, settings, row[0])


def _held_from(connection: psycopg.Connection[Any], settings: Settings, table: str) -> datetime | None:
    """Returns since when rows of a table are kept, where older ones have been deleted: these are not made again."""
    days = getattr(settings, f"keep_{table}_days", None)
    aged = None if days is None else aged_until(connection, days)
    begins = None if aged is None else _second_midnight(connection, settings, aged)
    return _latest([begins, rolled_up_until(connection, settings, [table])])


def _second_midnight(connection: psycopg.Connection[Any], settings: Settings, at: datetime) -> datetime:
    found = connection.execute(
        "SELECT (date_trunc('day', %s::timestamptz AT TIME ZONE %s) + interval '2 days') AT TIME ZONE %s",
        (at, settings.timezone, settings.timezone),
    ).fetchone()
    assert found is not None  # noqa: S101 (a row without a table)
    midnight: datetime = found[0]
    return midnight


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time is not None), default=None)


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
