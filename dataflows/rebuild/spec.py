"""How a flow's past is read again: its tables, and how far each task's rebuild goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from dataflows.archive import flow as archive
from dataflows.batch import Settled
from dataflows.claim import Claim, RefusedError
from dataflows.lake import flow as lake
from dataflows.rebuild.touched import LateFlow
from dataflows.settings import Settings
from dataflows.sink.progress import claim_task, erased_digests


@dataclass(frozen=True, slots=True)
class RebuildSpec:
    """How a flow is rebuilt.

    Attributes:
        flow: Its name.
        module: Its module: `TOPICS`, `OPTIONAL_TOPICS`, `steps`, `pipeline`, `decode`, `gather`.
        tables: The tables that are made again.
        times: The time column of a table; a table without one needs the whole past.
        reach: How far a row looks back beyond its day: where the archive lost its beginning, it is covered that later.
        older: The condition under which live results of the archive's partition `kept.partition` are older than
            `kept.first_kept`.
        adopt: Statements that give rebuilt rows what only lost events told; run where the archive lost its beginning.
        late: How late events are added to settled days; None where nothing is ever late.
    """

    flow: str
    module: Any
    tables: tuple[str, ...]
    times: dict[str, str]
    older: LiteralString
    reach: dict[str, timedelta] = field(default_factory=dict)
    adopt: tuple[sql.Composed, ...] = ()
    late: LateFlow | None = None

    def topics(self, settings: Settings) -> list[str]:
        """Returns the topics that the flow reads, as the broker knows them."""
        return [settings.topic(topic) for topic in (*self.module.TOPICS, *self.module.OPTIONAL_TOPICS)]

    def covered(self, table: str, since: datetime | None) -> sql.Composable:
        """Returns the condition of the rows that a past that is whole since then covers; None: from the beginning."""
        if since is None:
            return sql.SQL("true")
        time = self.times.get(table)
        # A state is the sum of its past: without the whole of it the live one is better.
        if time is None:
            return sql.SQL("false")
        from_when = sql.Literal(since + self.reach.get(table, timedelta()))
        return sql.SQL("{} >= {}").format(sql.Identifier(time), from_when)


Counted = Callable[[int, int], None]
"""What is told how much has been read, and of how much."""


@dataclass(frozen=True, slots=True)
class Goal:
    """How far one task's rebuild goes.

    Attributes:
        task: The task.
        claim: Under which it writes.
        archived: Offset after the last record by topic that archive or lake has read.
        archived_marks: The watermarks there.
        upto: The live flow's offsets, where they are further.
        settled: How far the live flow's time had come there.
    """

    task: int
    claim: Claim
    archived: dict[str, int]
    archived_marks: dict[str, int]
    upto: dict[str, int]
    settled: Settled = field(default_factory=Settled)


def unclaimed(connection: psycopg.Connection[Any]) -> Claim:
    """Returns what stands for a claim where nothing is written."""
    return Claim(0, {}, "", {}, erased=erased_digests(connection))


ARCHIVE: Final = (archive.FLOW,)
ARCHIVE_AND_LAKE: Final = (archive.FLOW, lake.FLOW)


def goals_of(
    spec: RebuildSpec,
    connection: psycopg.Connection[Any],
    settings: Settings,
    *,
    claim: bool,
    keepers: tuple[str, ...] = ARCHIVE,
) -> list[Goal]:
    """Returns one goal a task of the archive or of the flow: what of it the archive lacks comes from the topics.

    Args:
        spec: The flow.
        connection: The database.
        settings: Names of topics.
        claim: Whether to claim the tasks, which fences the flow's workers.
        keepers: The flows that keep events; of each topic the one counts that has come further.

    Raises:
        RefusedError: Where the archive has nothing.
    """
    wanted = set(spec.topics(settings))
    archived = furthest(connection, keepers)
    if not archived:
        text = "the archive is empty: run `classpulse run archive` first, then rebuild"
        raise RefusedError(text)
    known = "SELECT task, offsets, settled_ms, begun FROM task_progress WHERE flow = %s"
    url, goals = settings.database_url.get_secret_value(), []
    tasks = {task for task, *_ in connection.execute(known, (spec.flow,))} | archived.keys()
    # Before anything is read: what a worker commits after that is refused.
    claims = {task: claim_task(url, spec.flow, task) if claim else unclaimed(connection) for task in sorted(tasks)}
    live = {task: rest for task, *rest in connection.execute(known, (spec.flow,))}
    for task, held in claims.items():
        offsets, marks = archived.get(task, ({}, {}))
        reached, settled_ms, begun = live.get(task, ({}, None, {}))
        mine = {t: offsets.get(t, 0) for t in sorted((offsets.keys() | reached.keys()) & wanted)}
        upto = {t: max(o, reached.get(t, 0)) for t, o in mine.items()}
        of_mine = {t: m for t, m in marks.items() if t in wanted}
        goals.append(Goal(task, held, mine, of_mine, upto, Settled(settled_ms, begun, upto)))
    return goals


def furthest(
    connection: psycopg.Connection[Any], keepers: tuple[str, ...]
) -> dict[int, tuple[dict[str, int], dict[str, int]]]:
    """Returns by task the places and watermarks of its topics, each of the keeper that has come further with it."""
    rows = connection.execute(
        "SELECT task, offsets, watermarks FROM task_progress WHERE flow = ANY(%s) ORDER BY task, flow", (list(keepers),)
    ).fetchall()
    found: dict[int, tuple[dict[str, int], dict[str, int]]] = {}
    for task, offsets, marks in rows:
        places, times = found.setdefault(task, ({}, {}))
        for topic, place in offsets.items():
            if place > places.get(topic, -1):
                places[topic] = place
                times.update({topic: marks[topic]} if topic in marks else {})
    return found
