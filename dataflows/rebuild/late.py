"""`classpulse rebuild content --include-late --day D`: a day made again with the events that came too late for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from dataflows.kafka.source import Claim, RefusedError
from dataflows.rebuild.content import PAST, TIMES
from dataflows.rebuild.flow import shadow_writer
from dataflows.rebuild.history import Stretch
from dataflows.rebuild.past import Goal, goals_of
from dataflows.rebuild.player import Player
from dataflows.rebuild.shadow import SHADOW, Report, TableReport, drop_shadow, make_shadow, replace
from dataflows.settings import Settings
from dataflows.sink.connection import APPLICATION, connect
from dataflows.study.steps import fold_rules, reach_ms

TABLES: Final = tuple(table for table in TIMES if table not in {"sessions_open", "milestones"})
"""What a day's late events change: milestones count them always, and an open session is none of a day that is over."""
_MARGIN: Final = timedelta(days=1)
_FOR_EVER_S: Final = 10**9
_SPANNING: Final = sql.Identifier(SHADOW, "spanning")


def rebuild_day(settings: Settings, day: date, progress: Callable[[int], None], *, dry_run: bool = False) -> Report:
    """Recomputes a local day of `content` as if none of its events had been late, and replaces its rows.

    Events of the day before and after are read along, since a session may last a day. What belongs to a session over
    midnight, as it was or as it is made again, is replaced as a whole: nothing is lost between two days or counted in
    both. The flow's workers may run: they never write a day again that is settled. A later `rebuild content` without
    this undoes it.

    Args:
        settings: Database, time zone, rules.
        day: The local day.
        progress: Called with the events read so far.
        dry_run: Compare only.

    Raises:
        RefusedError: Where the day is not settled yet, or the archive does not hold it.
    """
    since, until = _bounds(settings, day)
    patient = settings.model_copy(update={"content_lateness_s": _FOR_EVER_S})
    with connect(settings.database_url.get_secret_value(), f"{APPLICATION}-rebuild") as connection:
        goals = [_only_archived(goal) for goal in goals_of(PAST, connection, settings, claim=False)]
        _check(connection, settings, goals, until)
        make_shadow(connection, PAST.flow, PAST.tables, {goal.task: goal.claim.generation for goal in goals})
        done = 0
        with shadow_writer(PAST, settings) as writer:
            for goal in goals:
                player = Player(PAST, patient, goal, PAST.module.pipeline(goal.task, patient), writer)
                for read in player.stretch(connection, Stretch(since - _MARGIN, until + _MARGIN)):
                    done += read
                    progress(done)
        _note_spanning(connection, since, until)
        tables = [_replaced(connection, table, day, since, until, dry_run=dry_run) for table in TABLES]
        drop_shadow(connection)
    return Report(since, done, tables)


def _bounds(settings: Settings, day: date) -> tuple[datetime, datetime]:
    zone = ZoneInfo(settings.timezone)
    midnights = (datetime.combine(d, time(), zone) for d in (day, day + timedelta(days=1)))
    since, until = (midnight.astimezone(UTC) for midnight in midnights)
    return since, until


def _only_archived(goal: Goal) -> Goal:
    return Goal(goal.task, Claim(0, {}, "", {}), goal.archived, goal.archived_marks, goal.archived)


def _check(connection: psycopg.Connection[Any], settings: Settings, goals: list[Goal], until: datetime) -> None:
    """Refuses a day that the flow may still write, or that the archive has not read to its end."""
    rules = fold_rules(settings)
    settled_ms = until.timestamp() * 1000 + rules.longest_ms + reach_ms(settings) + rules.gap_ms + rules.visit_cap_ms
    live = connection.execute("SELECT watermarks FROM task_progress WHERE flow = %s", (PAST.flow,)).fetchall()
    marks = [goal.archived_marks for goal in goals] + [row[0] for row in live]
    low_ms = min((mark for by_topic in marks for mark in by_topic.values()), default=0)
    if low_ms < settled_ms:
        upto = datetime.fromtimestamp(settled_ms / 1000, UTC)
        text = f"that day is not settled before every watermark has passed {upto:%Y-%m-%d %H:%M} UTC"
        raise RefusedError(text)


def _note_spanning(connection: psycopg.Connection[Any], since: datetime, until: datetime) -> None:
    """Notes how far the sessions that begin or end in a day reach beyond it, those that were and those that are."""
    connection.execute(
        sql.SQL(
            "CREATE TABLE {spanning} AS SELECT student_id AS who, min(session_start) AS from_at, "
            "max(session_end) AS to_at FROM (SELECT * FROM {live} UNION ALL SELECT * FROM {made}) s "
            "WHERE session_start >= {since} - interval '1 day' AND session_start < {until} AND session_end >= {since} "
            "GROUP BY 1 HAVING min(session_start) < {since} OR max(session_end) >= {until}"
        ).format(
            spanning=_SPANNING,
            live=sql.Identifier("public", "sessions_closed"),
            made=sql.Identifier(SHADOW, "sessions_closed"),
            since=sql.Literal(since),
            until=sql.Literal(until),
        )
    )


def _replaced(  # noqa: PLR0913
    connection: psycopg.Connection[Any], table: str, day: date, since: datetime, until: datetime, *, dry_run: bool
) -> TableReport:
    column = sql.Identifier(TIMES[table])
    if TIMES[table] == "day":
        condition = sql.SQL("{} = {}").format(column, sql.Literal(day))
    else:
        condition = sql.SQL(
            "{at} >= {since} - interval '1 day' AND {at} <= {until} + interval '1 day' "
            "AND ({at} >= {since} AND {at} < {until} "
            "OR EXISTS (SELECT FROM {spanning} WHERE who = student_id AND {at} BETWEEN from_at AND to_at))"
        ).format(at=column, since=sql.Literal(since), until=sql.Literal(until), spanning=_SPANNING)
    return replace(connection, table, condition, dry_run=dry_run)
