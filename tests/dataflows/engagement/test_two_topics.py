"""A task that reads two topics: their batches may come in any order, and either may be the slower one."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from dataflows.batch import Records, TaskBatch
from dataflows.engagement import flow as engagement
from dataflows.engagement.flow import decode, gather
from dataflows.operators import builder
from dataflows.settings import Settings
from tests.dataflows.engagement.inprocess import Rows, store
from tests.e2e.tables import differences
from tests.oracle.engagement import Rules, expect
from tests.oracle.logs import MINUTE, TOPIC, spiteful_log
from tests.oracle.reading import Record

ALIAS = "lms_clickstream"
TABLES = ("activity_windows", "student_state", "engagement_scores", "student_days", "student_day_classes")


def logs_of(seed: int) -> dict[str, list[Record]]:
    """Returns the logs of one task in two topics; each ends with a tick."""
    first = [record for record in spiteful_log(seed, size=80) if record.partition == 0]
    second = [replace(r, topic=ALIAS) for r in spiteful_log(seed + 1000, size=80) if r.partition == 0]
    logs = {TOPIC: first, ALIAS: second}
    for topic, log in logs.items():
        end = log[-1].append_ms + MINUTE
        log.append(Record(topic, 0, len(log), end, None, None, end))
    return logs


def run(logs: dict[str, list[Record]], rng: random.Random, ends: dict[str, int]) -> dict[str, Rows]:
    settings = Settings(_env_file=None)
    operators, read = builder.pipeline(engagement, 0, settings), dict.fromkeys(logs, 0)
    tables: dict[str, Rows] = {table: {} for table in TABLES}
    while any(read[topic] < len(log) for topic, log in logs.items()):
        chosen = rng.choice([topic for topic, log in logs.items() if read[topic] < len(log)])
        piece = logs[chosen][read[chosen] : read[chosen] + rng.choice((1, 3, 10, 1000))]
        read[chosen] += len(piece)
        for changes in step(operators, settings, piece, read, ends):
            for name, frame in changes.rows.items():
                if name in tables:
                    store(tables[name], name, frame)
    return tables


def step(
    operators: list[Any], settings: Settings, piece: list[Record], read: dict[str, int], ends: dict[str, int]
) -> Any:
    records = Records(
        piece[0].topic,
        0,
        [r.offset for r in piece],
        [r.append_ms for r in piece],
        [r.key for r in piece],
        [None if r.tick is not None else r.value for r in piece],
        [r.tick for r in piece],
    )
    item = decode(TaskBatch(0, 1, {}, [records], dict(read), True, {}, "", 0, ends), settings)
    for operator in operators:
        item = operator.process(item)
    return gather(item)


@pytest.mark.parametrize("seed", range(30))
def test_two_topics_give_the_same_whichever_is_read_first(seed: int) -> None:
    logs = logs_of(seed)
    actual = run(logs, random.Random(seed), {topic: len(log) for topic, log in logs.items()})
    expected = expect([record for log in logs.values() for record in log], Rules(timezone="UTC"))
    problems = [differences(getattr(expected, table), actual[table], table) for table in TABLES]
    assert not any(problems), "\n".join(filter(None, problems))


@pytest.mark.parametrize("seed", range(10))
def test_a_topic_whose_first_record_comes_after_its_minutes_were_settled_changes_no_settled_row(seed: int) -> None:
    settings, logs = Settings(_env_file=None), logs_of(seed)
    operators, read = builder.pipeline(engagement, 0, settings), {TOPIC: len(logs[TOPIC]), ALIAS: 0}
    low = logs[TOPIC][-1].append_ms
    tables: dict[str, Rows] = {table: {} for table in TABLES}
    for piece in (logs[TOPIC], logs[ALIAS]):
        if piece is logs[ALIAS]:
            settled = {key: dict(row) for key, row in tables["activity_windows"].items() if key[0] + 2 * MINUTE <= low}
            read[ALIAS] = len(piece)
        for changes in step(operators, settings, piece, read, {}):
            for name, frame in changes.rows.items():
                if name in tables:
                    store(tables[name], name, frame)
    assert settled
    assert {key: tables["activity_windows"][key] for key in settled} == settled


def test_a_topic_that_holds_only_rejects_holds_nothing_up_once_it_was_read() -> None:
    settings, logs = Settings(_env_file=None), logs_of(3)
    broken = [Record(ALIAS, 0, 0, logs[TOPIC][0].append_ms, b"{", b"k", None)]
    ends = {TOPIC: len(logs[TOPIC]), ALIAS: 1}
    operators, tables = builder.pipeline(engagement, 0, settings), dict[str, int]()
    for piece, read in ((logs[TOPIC], {TOPIC: ends[TOPIC], ALIAS: 0}), (broken, dict(ends))):
        for changes in step(operators, settings, piece, read, ends):
            for name, frame in changes.rows.items():
                tables[name] = tables.get(name, 0) + len(frame)
        assert ("engagement_scores" in tables) == (piece is broken)
