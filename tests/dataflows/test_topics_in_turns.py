"""Several topics in one task: what is late follows from the log and from what was settled when each topic began.

A topic begins late where it was empty when the worker started: nobody waits for it. Then the turns in which topics are
read decide what was settled before its first record, and that is remembered: restarts and rebuilds give the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from dataflows.batch import Records, Settled, TaskBatch
from dataflows.content import flow as content
from dataflows.engagement import flow as engagement
from dataflows.operators import builder, snapshot
from dataflows.operators.event_time import ms_of
from dataflows.operators.watermark import Watermarks
from dataflows.settings import Settings
from tests.dataflows.content.inprocess import Database, Rows
from tests.dataflows.content.spiteful import spiteful_log as studying
from tests.e2e.tables import CONTENT, ENGAGEMENT, differences
from tests.oracle import content as content_oracle
from tests.oracle import engagement as engagement_oracle
from tests.oracle.begun import begun_of
from tests.oracle.logs import MINUTE, spiteful_log
from tests.oracle.reading import Record

CLICKS, ALIAS = "clickstream_events", "lms_clickstream"
Logs = dict[str, list[Record]]
Begun = dict[tuple[str, int], int]


@dataclass(frozen=True)
class Kind:
    """A flow, its logs, and what its tables should hold."""

    flow: Any
    tables: tuple[str, ...]
    logs: Callable[[int], Logs]
    expect: Callable[[list[Record], Begun], Any]


def clicks_twice(seed: int) -> Logs:
    first = [record for record in spiteful_log(seed, size=80) if record.partition == 0]
    second = [replace(r, topic=ALIAS) for r in spiteful_log(seed + 1000, size=80) if r.partition == 0]
    return {CLICKS: first, ALIAS: second}


def clicks_and_views(seed: int) -> Logs:
    log = studying(seed, size=120)
    return {topic: [r for r in log if r.topic == topic] for topic in dict.fromkeys(record.topic for record in log)}


KINDS = (
    Kind(
        engagement,
        tuple(ENGAGEMENT),
        clicks_twice,
        lambda log, begun: engagement_oracle.expect(log, engagement_oracle.Rules(), begun),
    ),
    Kind(
        content,
        tuple(CONTENT),
        clicks_and_views,
        lambda log, begun: content_oracle.expect(log, content_oracle.ContentRules(), begun),
    ),
)
BY_FLOW = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.flow.FLOW)


@dataclass
class Worker:
    """A worker of task 0; it dies, and another goes on from its last snapshot while the database is ahead."""

    kind: Kind
    logs: Logs
    database: Database = field(init=False)
    known: Settled = field(default_factory=Settled)
    floor: dict[str, int] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    turns: list[list[Record]] = field(default_factory=list)
    committed: Settled = field(default_factory=Settled)

    def __post_init__(self) -> None:
        self.database = Database(tables={name: {} for name in self.kind.tables})
        self.settings = Settings(_env_file=None)
        self.operators = builder.pipeline(self.kind.flow, 0, self.settings)
        self.read = dict.fromkeys(self.logs, 0)
        self._kept = self._state()

    def _state(self) -> tuple[dict[str, int], list[bytes]]:
        return dict(self.read), [snapshot.dumps(operator.state()) for operator in self.operators]

    def turn(self, topic: str, size: int, *, flush: bool, before: bool = False) -> None:
        """Reads records of a topic; `before`: by the watermark that the archive holds of each."""
        piece = self.logs[topic][self.read[topic] : self.read[topic] + size]
        self.turns.append(piece)
        self.read[topic] += len(piece)
        records = Records(
            topic,
            0,
            [r.offset for r in piece],
            [r.append_ms for r in piece],
            [r.key for r in piece],
            [None if r.tick is not None else r.value for r in piece],
            [r.tick for r in piece],
        )
        batch = TaskBatch(
            0, 1, self.floor, [records] * bool(piece), dict(self.read), flush, {}, "", 0, self.ends, settled=self.known
        )
        item = self.kind.flow.decode(batch, self.settings)
        if before:
            item.before_ms = {name: self._archived(name, one.frame) for name, one in item.decoded}
        for operator in self.operators:
            item = operator.process(item)
        for changes in self.kind.flow.gather(item):
            self.database.write(changes)
            self._remember(changes.settled, changes.offsets)

    def _remember(self, settled: Settled, offsets: dict[str, int]) -> None:
        assert ms_of(settled.upto_ms) >= ms_of(self.committed.upto_ms), "what was settled is not any more"
        assert settled.begun | self.committed.begun == settled.begun, "a topic began anew"
        self.committed = Settled(settled.upto_ms, settled.begun, offsets)

    def _archived(self, topic: str, frame: Any) -> Any:
        marks = self.__dict__.setdefault("_marks", Watermarks())
        return marks.advance(topic, frame["event_ms"].to_numpy(), frame["append_ms"].to_numpy())

    def keep(self) -> None:
        """Takes a snapshot."""
        self._kept = self._state()

    def die(self, rng: random.Random) -> None:
        """Goes on from the last snapshot as another worker, which may or may not find new topics empty."""
        self.read, states = dict(self._kept[0]), self._kept[1]
        self.known, self.floor = self.committed, dict(self.committed.at)
        # A topic of which something is committed is not found empty: that would be refused.
        found, held = rng.random() < 0.5, self.committed.at
        self.ends = {topic: len(log) for topic, log in self.logs.items() if found or held.get(topic)}
        self.operators = builder.pipeline(self.kind.flow, 0, self.settings)
        for operator, state in zip(self.operators, states, strict=True):
            operator.restore(snapshot.loads(state))

    def left(self) -> list[str]:
        """Returns the topics that hold more."""
        return [topic for topic, log in self.logs.items() if self.read[topic] < len(log)]


def in_turns(kind: Kind, logs: Logs, rng: random.Random, *, late: float, crashes: int = 0) -> Worker:
    """Reads the logs; the last topic begins when about a share `late` of the others was read."""
    worker = Worker(kind, logs)
    topics = list(logs)
    rng.shuffle(topics)
    while left := worker.left():
        early = [t for t in topics[:-1] if worker.read[t] < len(logs[t]) * late]
        topic = rng.choice(early if early and not worker.read[topics[-1]] else left)
        worker.turn(topic, rng.choice((1, 1, 2, 5, 20, 500)), flush=rng.random() < 0.5)
        if rng.random() < 0.2:
            worker.keep()
        if crashes and rng.random() < 0.2:
            worker.die(rng)
            crashes -= 1
    worker.turn(topics[0], 0, flush=True)
    return worker


def distinct(kind: Kind, expected: Any, found: dict[str, Rows]) -> str:
    expected = expected if isinstance(expected, dict) else {name: getattr(expected, name) for name in kind.tables}
    return "\n".join(filter(None, (differences(expected[name], found[name], name) for name in kind.tables)))


def begun_in(worker: Worker) -> Begun:
    return {(topic, 0): ms_of(ms) for topic, ms in worker.committed.begun.items()}


@BY_FLOW
@pytest.mark.parametrize("seed", range(40))
def test_any_turns_give_what_was_settled_when_each_topic_began_and_the_rows_that_follow(seed: int, kind: Kind) -> None:
    logs = kind.logs(seed)
    worker = in_turns(kind, logs, random.Random(seed), late=random.Random(seed).random())
    begun = begun_of(worker.turns)
    assert begun_in(worker) == begun
    assert not distinct(kind, kind.expect([r for log in logs.values() for r in log], begun), worker.database.tables)


@BY_FLOW
@pytest.mark.parametrize("seed", range(40))
def test_restarts_remember_what_was_settled_when_a_topic_began(seed: int, kind: Kind) -> None:
    logs = kind.logs(seed)
    worker = in_turns(kind, logs, random.Random(seed), late=random.Random(seed).random(), crashes=4)
    whole = kind.expect([r for log in logs.values() for r in log], begun_in(worker))
    assert not distinct(kind, whole, worker.database.tables)


@BY_FLOW
@pytest.mark.parametrize("seed", range(40))
def test_a_rebuild_that_reads_topic_by_topic_gives_the_rows_that_live_gave(seed: int, kind: Kind) -> None:
    logs, rng = kind.logs(seed), random.Random(seed)
    live = in_turns(kind, logs, rng, late=rng.random(), crashes=seed % 3)
    rebuilt = Worker(kind, logs, known=live.committed, ends=dict(live.read))
    for topic in rng.sample(sorted(logs), len(logs)):
        while rebuilt.read[topic] < len(logs[topic]):
            rebuilt.turn(topic, rng.choice((1, 7, 500)), flush=rng.random() < 0.5, before=True)
    rebuilt.turn(topic, 0, flush=True)
    assert not distinct(kind, live.database.tables, rebuilt.database.tables)
    assert rebuilt.committed == live.committed


@BY_FLOW
@pytest.mark.parametrize("seed", range(20))
def test_once_every_topic_has_a_mark_the_turns_are_of_no_consequence(seed: int, kind: Kind) -> None:
    logs = kind.logs(seed)
    start = min(record.append_ms for log in logs.values() for record in log) - MINUTE
    ticked = {
        topic: [Record(topic, 0, 0, start, None, None, start)] + [replace(r, offset=r.offset + 1) for r in log]
        for topic, log in logs.items()
    }
    found = []
    for turn in range(3):
        rng, worker = random.Random(seed * 7 + turn), Worker(kind, ticked)
        for topic in ticked:
            worker.turn(topic, 1, flush=False)
        while left := worker.left():
            worker.turn(rng.choice(left), rng.choice((1, 3, 50)), flush=rng.random() < 0.5)
        worker.turn(topic, 0, flush=True)
        found.append(worker.database.tables)
    assert not distinct(kind, found[0], found[1])
    assert not distinct(kind, found[0], found[2])


def test_a_topic_that_begins_late_counts_what_its_task_had_not_settled() -> None:
    """One topic is ticked at 12:00 before the other begins: there 11:57 is late, 11:59 and 12:01 are not."""
    noon = 1_709_294_400_000

    def event(topic: str, offset: int, at: int) -> Record:
        body = f'{{"student_id": "ann", "event_name": "scroll", "timestamp": {at}}}'.encode()
        return Record(topic, 0, offset, noon + 5 * MINUTE, body, b"ann")

    first = [event(CLICKS, 0, noon - 30 * MINUTE), Record(CLICKS, 0, 1, noon, None, None, noon)]
    second = [event(ALIAS, 0, noon - 3 * MINUTE), event(ALIAS, 1, noon - MINUTE), event(ALIAS, 2, noon + MINUTE)]
    logs = {CLICKS: first, ALIAS: second}
    for sizes in ((1, 1, 1), (2, 1, 0), (3, 0, 0)):
        worker = Worker(KINDS[0], logs)
        worker.turn(CLICKS, 2, flush=True)
        for size in sizes:
            worker.turn(ALIAS, size, flush=True)
        events = sum(
            row["events"] for key, row in worker.database.tables["activity_windows"].items() if key[1] == "all"
        )
        assert (events, worker.committed.begun[ALIAS]) == (3, noon), "11:57 is late, 11:59 and 12:01 are not"
        assert np.all([ms_of(ms) <= noon for ms in worker.committed.begun.values()])
