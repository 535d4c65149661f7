"""`classpulse nightly`: what came too late for live days is added to days that are settled, while the workers go on.

A day is settled for a flow once no live state can write what its late events touch: by the lowest watermark of the
task, in the archive and in the flow. The rows, the note in `late_days` and the mark in `task_progress` are one
transaction, so that a run that is killed leaves whole days, and the next one goes on with those that remain. State
that wrote last before the mark, such as that of an old snapshot, is refused by the sink (`progress.advance`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from dataflows import flows as flows_of
from dataflows.rebuild.admit import Places
from dataflows.rebuild.flow import rolled_up_until, whole_from
from dataflows.rebuild.kept_events import KeptEvents
from dataflows.rebuild.late import Day, Made, begun_of, bounds, counted_days, forget, make_day, places_of
from dataflows.rebuild.shadow import TableReport, alone
from dataflows.rebuild.spec import Goal, RebuildSpec, goals_of
from dataflows.rebuild.touched import behind
from dataflows.settings import Settings
from dataflows.sink.connection import APPLICATION, connect

SNAPSHOT_MS: Final = 900_000
"""A day waits so much longer than it must: state of a snapshot that is no older than this may go on after a night."""

FLOWS: Final = {name: spec for name, spec in flows_of.pasts().items() if spec.late is not None}
"""The flows whose days are settled by a watermark; facts of `memory` and `archive` are never late."""


@dataclass(frozen=True, slots=True)
class DayReport:
    """What the run did with a day.

    Attributes:
        flow: The flow.
        day: The local day.
        added: How many late events were added, or would be in a dry run.
        waits: Why nothing was added; empty where it was.
        settled_at: When it can be added, where that is why.
        tables: What changed.
    """

    flow: str
    day: date
    added: int
    waits: str = ""
    settled_at: datetime | None = None
    tables: list[TableReport] = field(default_factory=list)


def add_late(  # noqa: PLR0913
    settings: Settings,
    progress: Callable[[str, date], None],
    *,
    flows: Iterable[str] = tuple(FLOWS),
    days: Iterable[date] | None = None,
    dry_run: bool = False,
) -> Iterator[DayReport]:
    """Adds late events to settled days; yields what became of each day that has any.

    Args:
        settings: Database, time zone, rules.
        progress: Called with each flow and day before it is looked at.
        flows: The flows.
        days: Only these days; all by default.
        dry_run: Change nothing.

    Raises:
        RefusedError: Where the archive is empty, or another rebuild is at work.
    """
    wanted = None if days is None else set(days)
    with connect(settings.database_url.get_secret_value(), f"{APPLICATION}-nightly") as connection:
        alone(connection)
        for spec in (FLOWS[flow] for flow in flows):
            if not _has_run(connection, spec):
                continue
            began = connection.execute("SELECT now()").fetchone()
            goals = goals_of(spec, connection, settings, claim=False)
            past = KeptEvents(connection, spec.topics(settings))
            whole = whole_from(spec, connection, past, settings, [goal.task for goal in goals])
            rolled_up = rolled_up_until(connection, settings, spec.tables)
            covers_from = max((time for time in (whole, rolled_up) if time is not None), default=None)
            left: list[DayReport] = []
            for day in _days_with_late(connection, spec, settings, goals):
                if wanted is None or day in wanted:
                    progress(spec.flow, day)
                    report = _add(connection, spec, settings, past, goals, day, covers_from, dry_run=dry_run)
                    if report is not None:
                        left += [report] if report.settled_at is not None else []
                        yield report
            if wanted is None and not dry_run:
                _note_left(connection, spec.flow, places_of(goals), began, left)
        forget(connection)


def _note_left(
    connection: psycopg.Connection[Any],
    flow: str,
    places: Places,
    began: tuple[datetime] | None,
    left: list[DayReport],
) -> None:
    """Notes which late events wait for the next run, and from which places on nobody has looked yet."""
    with connection.transaction():
        connection.execute(
            "INSERT INTO late_seen (flow, up_to_place, seen_at) VALUES (%s, %s, %s) ON CONFLICT (flow) DO UPDATE "
            "SET up_to_place = excluded.up_to_place, seen_at = excluded.seen_at",
            (flow, Jsonb(places), *(began or ())),
        )
        connection.execute("DELETE FROM late_left WHERE flow = %s", (flow,))
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO late_left (flow, day, events, settled_at) VALUES (%s, %s, %s, %s)",
                [(flow, report.day, report.added, report.settled_at) for report in left],
            )


def succeeded(connection: psycopg.Connection[Any], reports: list[DayReport]) -> None:
    """Notes that a run has done all its work; read by `doctor`."""
    waiting = [report for report in reports if report.waits]
    added = sum(report.added for report in reports if not report.waits)
    connection.execute(
        "INSERT INTO nightly_runs (succeeded_at, added, waiting_days) VALUES (now(), %s, %s) "
        "ON CONFLICT (only_row) DO UPDATE SET succeeded_at = excluded.succeeded_at, added = excluded.added, "
        "waiting_days = excluded.waiting_days",
        (added, len({report.day for report in waiting})),
    )


def _has_run(connection: psycopg.Connection[Any], spec: RebuildSpec) -> bool:
    return connection.execute("SELECT 1 FROM task_progress WHERE flow = %s", (spec.flow,)).fetchone() is not None


def _days_with_late(
    connection: psycopg.Connection[Any], spec: RebuildSpec, settings: Settings, goals: list[Goal]
) -> list[date]:
    """Returns the days of which the archive holds events that may be late and are not counted."""
    if spec.late is None:
        return []
    query = sql.SQL(
        "SELECT DISTINCT e.day FROM (SELECT (event_time AT TIME ZONE {zone})::date AS day, topic, partition, "
        "kafka_offset FROM events WHERE topic = ANY({topics}) AND {behind}) e "
        "LEFT JOIN late_days d ON d.flow = {flow} AND d.day = e.day "
        "WHERE e.kafka_offset >= coalesce((d.up_to_place -> e.topic ->> e.partition::text)::bigint, 0) ORDER BY 1"
    ).format(
        zone=sql.Literal(settings.timezone),
        topics=sql.Literal(spec.topics(settings)),
        behind=behind(spec.late.lag_s(settings), begun_of(goals)),
        flow=sql.Literal(spec.flow),
    )
    return [day for (day,) in connection.execute(query).fetchall()]


def _add(  # noqa: PLR0913
    connection: psycopg.Connection[Any],
    spec: RebuildSpec,
    settings: Settings,
    past: KeptEvents,
    goals: list[Goal],
    day: date,
    covers_from: datetime | None,
    *,
    dry_run: bool,
) -> DayReport | None:
    begin, _end = bounds(settings, day)
    if covers_from is not None and begin < covers_from:
        return DayReport(spec.flow, day, 0, f"the archive is whole only from {covers_from:%Y-%m-%d} on")
    counted, upto = counted_days(connection, spec.flow), places_of(goals)
    made = make_day(spec, settings, connection, goals, Day(day, counted.get(day, {}), upto), counted, past)
    with connection.transaction():
        waits = _waits(connection, spec.flow, day, goals, made)
        if waits is not None:
            return waits
        tables = made.put(connection, "public", dry_run=dry_run)
        if not dry_run:
            _note(connection, spec.flow, day, upto, made)
    return DayReport(spec.flow, day, made.added, tables=tables) if made.added else None


def _waits(
    connection: psycopg.Connection[Any], flow: str, day: date, goals: list[Goal], made: Made
) -> DayReport | None:
    """Says until when a day has to wait; holds the tasks, so that no worker commits before the caller has."""
    live = dict(
        connection.execute(
            "SELECT task, watermarks FROM task_progress WHERE flow = %s ORDER BY task FOR UPDATE", (flow,)
        ).fetchall()
    )
    archived = {goal.task: goal.archived_marks for goal in goals}
    for task, settled_ms in sorted(made.settled.items()):
        marks = [*archived.get(task, {}).values(), *live.get(task, {}).values()]
        if not live.get(task) or min(marks) < settled_ms + SNAPSHOT_MS:
            upto = datetime.fromtimestamp((settled_ms + SNAPSHOT_MS) / 1000, UTC)
            why = f"not settled before every watermark of task {task} has passed {upto:%Y-%m-%d %H:%M} UTC"
            return DayReport(flow, day, made.added, why, upto)
    return None


def _note(connection: psycopg.Connection[Any], flow: str, day: date, upto: dict[str, Any], made: Made) -> None:
    connection.execute(
        """
        INSERT INTO late_days AS d (flow, day, up_to_place, added) VALUES (%s, %s, %s, %s)
        ON CONFLICT (flow, day) DO UPDATE
        SET up_to_place = excluded.up_to_place, added = d.added + excluded.added,
            added_at = CASE WHEN excluded.added > 0 THEN excluded.added_at ELSE d.added_at END
        """,
        (flow, day, Jsonb(upto), made.added),
    )
    connection.execute("DELETE FROM late_left WHERE flow = %s AND day = %s", (flow, day))
    for task, settled_ms in made.settled.items():
        connection.execute(
            "UPDATE task_progress SET late_ms = greatest(late_ms, %s) WHERE flow = %s AND task = %s",
            (settled_ms, flow, task),
        )
