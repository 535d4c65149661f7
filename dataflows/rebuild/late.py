"""A settled day made again with the events that came too late for it: for the nightly run, and for every rebuild."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from dataflows.archive.consents import known_consents
from dataflows.operators.calendar import Calendar
from dataflows.rebuild.admit import Admit, Found, Places
from dataflows.rebuild.kept_events import KeptEvents
from dataflows.rebuild.player import Player
from dataflows.rebuild.shadow import SHADOW, TableReport, make_shadow, replace, shadow_writer
from dataflows.rebuild.spec import Goal, RebuildSpec, unclaimed
from dataflows.rebuild.touched import LATE, Touched, behind, within
from dataflows.settings import Settings

_FOR_EVER_S: Final = 10**9


@dataclass(frozen=True, slots=True)
class Day:
    """A local day, and which of its late events are counted.

    Attributes:
        day: The day.
        since: Up to which places they are counted already.
        upto: Up to which places they are to be counted.
    """

    day: date
    since: Places
    upto: Places


@dataclass(frozen=True, slots=True)
class Made:
    """A day made again in the schema `LATE`, ready to replace what is touched.

    Attributes:
        added: How many late events are new.
        settled: By task, the low watermark from which on no worker writes a touched row.
        touched: What is replaced.
    """

    added: int
    settled: dict[int, int] = field(default_factory=dict)
    touched: Touched | None = None

    def put(
        self,
        connection: psycopg.Connection[Any],
        target: str,
        *,
        dry_run: bool = False,
        only: Container[str] | None = None,
    ) -> list[TableReport]:
        """Puts the rows in place of those of a schema, of all its tables or some; in the transaction of the caller."""
        if self.touched is None:
            return []
        return [
            replace(connection, table, self.touched.replaced(table), dry_run=dry_run, made=LATE, target=target)
            for table in self.touched.tables
            if only is None or table in only
        ]


def bounds(settings: Settings, day: date) -> tuple[datetime, datetime]:
    """Returns when a local day begins and ends."""
    zone = ZoneInfo(settings.timezone)
    midnights = (datetime.combine(d, time(), zone) for d in (day, day + timedelta(days=1)))
    since, until = (midnight.astimezone(UTC) for midnight in midnights)
    return since, until


def counted_days(connection: psycopg.Connection[Any], flow: str) -> dict[date, Places]:
    """Returns, by day, up to which places its late events are counted."""
    rows = connection.execute("SELECT day, up_to_place FROM late_days WHERE flow = %s ORDER BY day", (flow,))
    return dict(rows.fetchall())


def begun_of(goals: list[Goal]) -> dict[tuple[int, str], int]:
    """Returns, by task and topic, what was settled before a topic's first record, where that was anything."""
    return {
        (goal.task, topic): known for goal in goals for topic, known in goal.settled.begun.items() if known is not None
    }


def places_of(goals: list[Goal]) -> Places:
    """Returns how far the archive has come."""
    places: Places = {}
    for goal in goals:
        for topic, place in goal.archived.items():
            places.setdefault(topic, {})[str(goal.task)] = place
    return places


def make_day(  # noqa: PLR0913
    spec: RebuildSpec,
    settings: Settings,
    connection: psycopg.Connection[Any],
    goals: list[Goal],
    day: Day,
    counted: dict[date, Places],
    past: KeptEvents,
) -> Made:
    """Makes again what a day's late events touch, as if they had come in time.

    Args:
        spec: The flow.
        settings: Database, time zone, rules.
        connection: The database, with the rebuild's lock (`alone`); a backtest's scratch database.
        goals: How far the archive has come; the tasks are not claimed.
        day: The day.
        counted: What other days count: their late events bear on this one's as those in time do.
        past: The events of the flow's topics.

    Returns:
        What replaces the touched rows; the schema `LATE` stays for it, until the next day is made.
    """
    if spec.late is None:
        text = f"{spec.flow} has no late events"
        raise ValueError(text)
    touched = spec.late.touched(settings, day.day, *bounds(settings, day.day))
    upto = {**counted, day.day: day.upto}
    reader = _Reader(spec, settings, connection, past, goals, day, upto)
    since, until = bounds(settings, day.day)
    may_be_late = behind(spec.late.lag_s(settings), begun_of(goals)) + sql.SQL(" AND ") + within(since, until)
    new = reader.played(may_be_late, alone=True)
    added = sum(int(found.new.sum()) for found in new)
    if not added:
        return Made(0)
    touched.take(new)
    settled = None
    while settled is None:
        settled = touched.reached(reader.played(touched.reading()))
    touched.note(connection)
    return Made(added, settled, touched)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the past into the schema `LATE`."""

    spec: RebuildSpec
    settings: Settings
    connection: psycopg.Connection[Any]
    past: KeptEvents
    goals: list[Goal]
    day: Day
    upto: dict[date, Places]

    def played(self, where: sql.Composable, *, alone: bool = False) -> list[Found]:
        """Plays what a condition chooses through the flow's steps, or through the first of ours alone."""
        spec, claim = self.spec, unclaimed(self.connection)
        goals = [Goal(g.task, claim, g.archived, g.archived_marks, g.archived) for g in self.goals]
        make_shadow(self.connection, spec.flow, spec.tables, {goal.task: 0 for goal in goals}, LATE)
        found: list[Found] = []
        with shadow_writer(spec.flow, self.settings, LATE) as writer:
            players = {
                goal.task: Player(spec, self._patient, goal, self._steps(goal, found, alone), writer) for goal in goals
            }
            started = set()
            for piece in self.past.chosen(where):
                players[piece.records.partition].feed(piece)
                started.add(piece.records.partition)
            for task in started if not alone else ():
                players[task].finish()
        return found

    def _steps(self, goal: Goal, found: list[Found], alone: bool) -> list[Any]:  # noqa: FBT001
        spec, late = self.spec, self.spec.late
        assert late is not None  # noqa: S101
        day, calendar = self.day, Calendar(self.settings.timezone)
        admit = Admit(late.judge(self.settings), calendar, self.upto, day.day, day.since, begun_of(self.goals), found)
        if alone:
            return [admit]
        # Milestones are facts: late ones count without us.
        steps = spec.module.steps(self._patient)
        made = {step_id: make(goal.task) for step_id, make in steps.items() if step_id != "milestones"}
        made["consent"].restore(known_consents(self.connection, goal.task))
        return [admit, *made.values()]

    @property
    def _patient(self) -> Settings:
        """Settings by which nothing is late: what still is has been left out before."""
        return self.settings.model_copy(update={"lateness_s": _FOR_EVER_S, "content_lateness_s": _FOR_EVER_S})


def add_again(  # noqa: PLR0913
    spec: RebuildSpec,
    settings: Settings,
    connection: psycopg.Connection[Any],
    past: KeptEvents,
    goals: list[Goal],
    covers_from: datetime | None,
) -> None:
    """Adds to rebuilt tables what the nightly run had added to the live ones: to all days that are covered."""
    if spec.late is None:
        return
    counted = counted_days(connection, spec.flow)
    for day, upto in counted.items():
        if covers_from is None or bounds(settings, day)[0] >= covers_from:
            made = make_day(spec, settings, connection, goals, Day(day, {}, upto), counted, past)
            made.put(connection, SHADOW)
    forget(connection)


def forget(connection: psycopg.Connection[Any]) -> None:
    """Removes the schema `LATE`, where there is one."""
    connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(LATE)))
