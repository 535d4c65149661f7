"""`classpulse rebuild engagement`: the live pipeline over the past, compared with and put in place of the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg import sql

from dataflows import archive
from dataflows.engage.columns import Batch
from dataflows.engage.steps import FLOW
from dataflows.engagement import OPTIONAL_TOPICS, TOPICS, decode, gather, pipeline, steps
from dataflows.kafka.batch import Records, TaskBatch
from dataflows.kafka.log import LogFacts
from dataflows.kafka.source import Claim, RefusedError, Seed, position
from dataflows.operators import snapshot
from dataflows.operators.segments import Ints
from dataflows.operators.shell import Operator
from dataflows.rebuild.history import archived, from_topic, tick_at
from dataflows.rebuild.shadow import SHADOW, Report, drop_shadow, make_shadow, replace
from dataflows.scores.engagement import STREAK_REACH_DAYS
from dataflows.settings import Settings
from dataflows.sink.connection import APPLICATION, connect
from dataflows.sink.freshness import Freshness
from dataflows.sink.progress import claim_task, save_seed
from dataflows.sink.writer import Writer

REBUILT: Final = ("activity_windows", "student_state", "engagement_scores", "student_days")
_REACH: Final = {"engagement_scores": timedelta(days=STREAK_REACH_DAYS)}
"""How far a row looks back beyond its day: where the archive lost its beginning, it is covered that much later."""
_TIME_COLUMN: Final = {"activity_windows": "window_start", "engagement_scores": "time", "student_days": "day"}


@dataclass(frozen=True, slots=True)
class _Goal:
    """How far one task's rebuild goes: the archive's offset and watermark by topic, and the live flow's offset."""

    task: int
    claim: Claim
    archived: dict[str, int]
    archived_marks: dict[str, int]
    upto: dict[str, int]


def rebuild_engagement(settings: Settings, progress: Callable[[int], None], *, dry_run: bool = False) -> Report:
    """Recomputes `engagement` from the archive and the topics and replaces what that covers.

    Lateness is judged by the watermark that each event met when it came, so the result equals what live gave. Workers
    of the flow that still run are fenced: stop them first.

    Args:
        settings: Database, Kafka, rules.
        progress: Called with the events read so far.
        dry_run: Compare only; change nothing (the shadow schema is dropped).

    Raises:
        RefusedError: Where the archive has nothing to rebuild from.
    """
    url = settings.database_url.get_secret_value()
    with connect(url, f"{APPLICATION}-rebuild") as connection:
        goals = _goals(connection, settings, url, claim=not dry_run)
        facts = LogFacts.read(
            settings, [settings.topic(t) for t in TOPICS], [settings.topic(t) for t in OPTIONAL_TOPICS]
        )
        covers_from = _covers_from(connection, settings, [g.task for g in goals])
        make_shadow(connection, FLOW, REBUILT, {goal.task: goal.claim.generation for goal in goals})
        done, seeds = 0, dict[int, Seed]()
        writer = Writer(url, FLOW, Freshness(), lambda _topic, _records: None, lambda: True, schema=SHADOW)
        try:
            for goal in goals:
                operators = dict(zip(steps(settings), pipeline(goal.task, settings), strict=True))
                for read in _replay(connection, settings, goal, list(operators.values()), writer):
                    done += read
                    progress(done)
                states = {step_id: snapshot.dumps(operator.state()) for step_id, operator in operators.items()}
                seeds[goal.task] = Seed(position(facts, goal.upto), states)
        finally:
            writer.close()
        if covers_from is not None:
            _keep_classes(connection)
        tables = [replace(connection, table, covered(table, covers_from), dry_run=dry_run) for table in REBUILT]
        if not dry_run:
            _finish(connection)
            for task, seed in seeds.items():
                save_seed(connection, FLOW, task, seed)
        drop_shadow(connection)
    return Report(covers_from, done, tables)


def _goals(connection: psycopg.Connection[Any], settings: Settings, url: str, *, claim: bool) -> list[_Goal]:
    wanted = {settings.topic(t) for t in (*TOPICS, *OPTIONAL_TOPICS)}
    rows = connection.execute(
        "SELECT task, offsets, watermarks FROM task_progress WHERE flow = %s ORDER BY task", (archive.FLOW,)
    ).fetchall()
    if not rows:
        text = "the archive is empty: run `classpulse run archive` first, then rebuild"
        raise RefusedError(text)
    live = dict(connection.execute("SELECT task, offsets FROM task_progress WHERE flow = %s", (FLOW,)).fetchall())
    goals = []
    for task, offsets, marks in rows:
        mine = {t: o for t, o in offsets.items() if t in wanted}
        upto = {t: max(o, live.get(task, {}).get(t, 0)) for t, o in mine.items()}
        held = claim_task(url, FLOW, task) if claim else Claim(0, {}, "", {})
        goals.append(_Goal(task, held, mine, {t: m for t, m in marks.items() if t in wanted}, upto))
    return goals


def _covers_from(connection: psycopg.Connection[Any], settings: Settings, tasks: list[int]) -> datetime | None:
    """Returns since when the archive is whole: None when nothing live is older than what it keeps.

    Where retention has dropped its beginning, results hold from the second local midnight after the first event kept.
    """
    row = connection.execute(
        """
        SELECT max(first_kept) FROM (
            SELECT partition, min(event_time) AS first_kept FROM events
            WHERE topic = ANY(%s) AND partition = ANY(%s) GROUP BY partition) AS kept
        WHERE EXISTS (SELECT 1 FROM activity_windows w WHERE w.task = kept.partition AND w.scope = 'all'
                      AND w.window_start < date_trunc('minute', kept.first_kept))
        """,
        ([settings.topic(t) for t in (*TOPICS, *OPTIONAL_TOPICS)], tasks),
    ).fetchone()
    if row is None or row[0] is None:
        return None
    found = connection.execute(
        "SELECT (date_trunc('day', %s::timestamptz AT TIME ZONE %s) + interval '2 days') AT TIME ZONE %s",
        (row[0], settings.timezone, settings.timezone),
    ).fetchone()
    return None if found is None else found[0]


def _replay(
    connection: psycopg.Connection[Any],
    settings: Settings,
    goal: _Goal,
    operators: list[Operator[Batch]],
    writer: Writer,
) -> Iterator[int]:
    """Runs one task's past through the pipeline; yields how many records each batch held."""
    generous = settings.model_copy(update={"max_event_bytes": 1 << 26})
    offsets = dict.fromkeys(goal.archived, 0)

    def step(records: Records, before: Ints | None, rules: Settings, *, beat: bool) -> None:
        batch = TaskBatch(
            goal.task,
            goal.claim.generation,
            {},
            [records] if records.offsets else [],
            dict(offsets),
            beat,
            goal.claim.topic_ids,
            goal.claim.cluster_id,
            1 << 62,
            goal.upto,
        )
        item = decode(batch, rules)
        if before is not None:
            if any(coded.rejects for _topic, coded in item.decoded):
                text = f"an archived event is not accepted any more: {item.decoded[0][1].rejects[0]}"
                raise RefusedError(text)
            item.before_ms = {records.topic: before}
        for operator in operators:
            item = operator.process(item)
        changes = gather(item)
        if changes:
            writer.write_batch([(str(goal.task), c) for c in changes])

    # The shortest first: minutes stay open, and in memory, until every topic has been begun.
    for topic, end in sorted(goal.archived.items(), key=lambda item: item[1]):
        for piece in archived(connection, topic, goal.task, end):
            offsets[topic] = piece.next_offset
            step(piece.records, piece.before, generous, beat=True)
            yield len(piece.records.offsets)
        if topic in goal.archived_marks:
            step(tick_at(topic, goal.task, end, goal.archived_marks[topic]), None, generous, beat=False)
        offsets[topic] = end
    for topic, end in goal.upto.items():
        for piece in from_topic(settings, topic, goal.task, goal.archived[topic], end):
            offsets[topic] = piece.next_offset
            step(piece.records, None, settings, beat=True)
            yield len(piece.records.offsets)
        offsets[topic] = end
    step(Records("", goal.task), None, settings, beat=True)


def covered(table: str, since: datetime | None) -> sql.Composable:
    """Returns the condition of the rows that the archive covers."""
    if since is None:
        return sql.SQL("true")
    time = _TIME_COLUMN.get(table)
    # The state of a student is the sum of his past: without the whole of it the live one is better.
    if time is None:
        return sql.SQL("false")
    from_when = sql.Literal(since + _REACH.get(table, timedelta()))
    return sql.SQL("{} >= {}").format(sql.Identifier(time), from_when)


def _keep_classes(connection: psycopg.Connection[Any]) -> None:
    """Gives scores the class that they have live where the event that told it is no longer in the archive."""
    connection.execute(
        sql.SQL(
            "UPDATE {}.engagement_scores s SET class_id = l.class_id FROM public.engagement_scores l "
            "WHERE s.time = l.time AND s.student_id = l.student_id AND s.class_id IS NULL"
        ).format(sql.Identifier(SHADOW))
    )


def _finish(connection: psycopg.Connection[Any]) -> None:
    """Moves the flow's progress to where the rebuild has come, so that a worker goes on from there."""
    connection.execute(
        sql.SQL(
            "UPDATE public.task_progress p SET offsets = s.offsets, watermarks = s.watermarks, updated_at = now() "
            "FROM {}.task_progress s WHERE p.flow = s.flow AND p.task = s.task AND p.generation = s.generation"
        ).format(sql.Identifier(SHADOW))
    )
