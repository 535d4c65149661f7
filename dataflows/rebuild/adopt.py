"""`classpulse adopt`: results go on with another log in the same database, after Kafka or its end was lost (ADR 17).

What the archive holds is what was. Every flow is brought to where the archive had come; then all of them move, in one
transaction, to the first record of the new log, which is the next era (`dataflows.eras`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from dataflows import flows
from dataflows.archive import flow as archive
from dataflows.claim import RefusedError, Seed
from dataflows.eras import ERA
from dataflows.kafka.log import LogFacts
from dataflows.kafka.start import position
from dataflows.kafka.topics import CLICKSTREAM_ALIAS, INPUT_TOPICS
from dataflows.memory.steps import FLOW as MEMORY
from dataflows.operators import snapshot
from dataflows.rebuild.flow import rebuild
from dataflows.rebuild.memory import rebuild_memory
from dataflows.rebuild.spec import Counted
from dataflows.rebuild.unread import Publish, remember_unread
from dataflows.settings import Settings
from dataflows.sink.connection import APPLICATION, connect
from dataflows.sink.progress import claim_task, save_seed

_PROGRESS: Final = "SELECT flow, task, offsets, cluster_id, topic_ids FROM task_progress ORDER BY flow, task"

Note = Callable[[str], Counted]
"""Tells a person what is done next; returns what is told how far that is."""


@dataclass(frozen=True, slots=True)
class _Row:
    """How far one task of a flow has come, and in which log."""

    flow: str
    task: int
    offsets: dict[str, int]
    cluster_id: str | None
    topic_ids: dict[str, str]

    def is_of(self, facts: LogFacts, topic: str) -> bool:
        """Whether the topic that was read is the one that the broker has."""
        now = facts.topic_ids.get(topic)
        return self.cluster_id == facts.cluster_id and self.topic_ids.get(topic, now) == now


@dataclass(frozen=True, slots=True)
class Adopted:
    """What `adopt` did.

    Attributes:
        era: The number of the era that begins.
        topics: The topics that are begun anew.
        flows: The flows that go on with them.
        given_up: By flow, records that it had counted and the archive did not hold: they are counted no more.
        remembered: Events that `memory` had not read and the archive held.
    """

    era: int
    topics: list[str]
    flows: list[str]
    given_up: dict[str, int]
    remembered: int


def adopt(
    settings: Settings, publish: Publish, note: Note, *, accept_loss: bool = False, lost_end: bool = False
) -> Adopted:
    """Moves all flows on to the topics as they are now, where these are other topics than those that were read.

    All workers must be stopped. Until the last transaction the database belongs to the old log, so it can be broken
    off at any time and run again.

    Args:
        settings: Database, Kafka, rules.
        publish: Publishes recommendations of reviews that fall due meanwhile.
        note: Tells what is done next.
        accept_loss: Give up what a flow has counted and the archive does not hold.
        lost_end: The topics are the same, but have lost records that were read: they too are read from the beginning.

    Raises:
        RefusedError: Where the log is the one that was read, the new one does not fit, or something would be given up.
    """
    with connect(settings.database_url.get_secret_value(), f"{APPLICATION}-adopt") as connection:
        rows = _rows(connection)
        facts = _facts(settings, rows)
        topics, era = _begun_again(rows, facts, lost_end=lost_end), _next_era(rows)
        moved, rebuilt = _flows_of(settings, rows, topics), flows.pasts()
        given_up = _ahead(rows, topics)
        if given_up and not accept_loss:
            said = ", ".join(f"{flow} {count:,}" for flow, count in given_up.items())
            text = (
                f"the archive had not read as far as other flows: records counted there and kept nowhere: {said}. "
                "With --accept-loss they are counted no more."
            )
            raise RefusedError(text)
        for flow in moved:
            for task in range(facts.partitions):
                claim_task(settings.database_url.get_secret_value(), flow, task)
        remembered = 0
        for flow in moved:
            if flow in rebuilt:
                rebuild(rebuilt[flow], settings, note(f"{flow}: as the archive has it"), archive_alone=True)
            elif flow == MEMORY:
                rebuild_memory(settings, note("memory: from quiz_attempts"))
                remembered = remember_unread(settings, connection, publish, note("memory: what it had not read"))
        _move_on(connection, settings, facts, topics, moved, era, lost_end=lost_end)
    return Adopted(era, topics, moved, given_up, remembered)


def _rows(connection: psycopg.Connection[Any]) -> list[_Row]:
    rows = [_Row(*row) for row in connection.execute(_PROGRESS).fetchall()]
    if not any(row.flow == archive.FLOW and row.offsets for row in rows):
        text = (
            "the archive holds nothing that results could go on from: take a new CLASSPULSE_TOPIC_PREFIX and a new "
            "database"
        )
        raise RefusedError(text)
    return rows


def _facts(settings: Settings, rows: list[_Row]) -> LogFacts:
    """Returns what the broker says of the topics.

    Raises:
        RefusedError: Where a topic that was read is missing, or there are more partitions than before, or fewer.
    """
    facts = LogFacts.read(settings, [settings.topic(t) for t in INPUT_TOPICS], [settings.topic(CLICKSTREAM_ALIAS)])
    partitions = 1 + max(row.task for row in rows if row.flow == archive.FLOW)
    if facts.partitions != partitions:
        text = (
            f"results come from topics of {partitions} partitions, these have {facts.partitions}: students would live "
            f"in two tasks. Make them again with {partitions}."
        )
        raise RefusedError(text)
    missing = sorted({topic for row in rows for topic in row.offsets} - set(facts.topics))
    if missing:
        text = f"results contain topics that the broker does not have: make {', '.join(missing)} again, empty"
        raise RefusedError(text)
    return facts


def _begun_again(rows: list[_Row], facts: LogFacts, *, lost_end: bool) -> list[str]:
    """Returns the topics of which the broker has another than was read; all, where they have lost their end."""
    found = {topic for row in rows for topic in row.offsets if lost_end or not row.is_of(facts, topic)}
    if not found:
        text = (
            f"nothing to adopt: results come from the topics that Kafka cluster {facts.cluster_id} has. Where workers "
            "say that these have lost their end: --lost-end"
        )
        raise RefusedError(text)
    return sorted(found)


def _flows_of(settings: Settings, rows: list[_Row], topics: list[str]) -> list[str]:
    ran = {row.flow for row in rows}
    return [flow for flow in flows.names() if flow in ran and set(topics) & set(_topics(settings, flow))]


def _topics(settings: Settings, flow: str) -> list[str]:
    module = flows.named(flow).load()
    return [settings.topic(topic) for topic in (*module.TOPICS, *module.OPTIONAL_TOPICS)]


def _ahead(rows: list[_Row], topics: list[str]) -> dict[str, int]:
    """Returns how many records of the lost topics a flow has counted that the archive does not hold."""
    kept = {row.task: row for row in rows if row.flow == archive.FLOW}
    rebuilt = flows.pasts()
    ahead = dict.fromkeys(rebuilt, 0)
    for row in rows:
        of_one_log = row.task in kept and row.cluster_id == kept[row.task].cluster_id
        for topic in topics if row.flow in rebuilt and of_one_log else ():
            ahead[row.flow] += max(0, row.offsets.get(topic, 0) - kept[row.task].offsets.get(topic, 0))
    return {flow: count for flow, count in ahead.items() if count}


def _next_era(rows: list[_Row]) -> int:
    return 1 + max(place // ERA for row in rows for place in row.offsets.values())


def _move_on(  # noqa: PLR0913
    connection: psycopg.Connection[Any],
    settings: Settings,
    facts: LogFacts,
    topics: list[str],
    flows: list[str],
    era: int,
    *,
    lost_end: bool,
) -> None:
    """Sets every flow at the beginning of the new topics."""
    lows = {task: facts.lows(task) for task in range(facts.partitions)}
    with connection.transaction():
        rows = [_Row(*row) for row in connection.execute(f"{_PROGRESS} FOR UPDATE").fetchall()]
        if _next_era(rows) != era or _begun_again(rows, facts, lost_end=lost_end) != topics:
            text = "somebody else has moved on meanwhile: look at `classpulse doctor`"
            raise RefusedError(text)
        for row in rows:
            if row.flow in flows:
                begin = {topic: era * ERA + low for topic, low in lows[row.task].items() if topic in topics}
                mine = {topic: begin[topic] for topic in _topics(settings, row.flow) if topic in begin}
                _move_task(connection, row, mine, facts)


def _move_task(connection: psycopg.Connection[Any], row: _Row, begin: dict[str, int], facts: LogFacts) -> None:
    """Sets a task at the beginning of the new topics; of the others, where the state that it goes on from has come."""
    found = connection.execute("SELECT seed FROM task_seeds WHERE flow = %s AND task = %s", (row.flow, row.task))
    seed = None if (kept := found.fetchone()) is None else Seed(*snapshot.loads(kept[0]))
    places = (row.offsets if seed is None else seed.position["offsets"]) | begin
    ids = {topic: facts.topic_ids[topic] for topic in places if topic in facts.topic_ids}
    connection.execute(
        "UPDATE task_progress SET offsets = %s, cluster_id = %s, topic_ids = %s, updated_at = now() "
        "WHERE flow = %s AND task = %s",
        (Jsonb(places), facts.cluster_id, Jsonb(ids), row.flow, row.task),
    )
    if seed is not None:
        at = position(facts, places, places, seed.position["generation"]) | {"topic_ids": ids}
        save_seed(connection, row.flow, row.task, Seed(at, seed.states))
