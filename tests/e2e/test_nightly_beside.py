"""Nights beside running workers, late events of days and of days ago: the tables are what the log says, and stay so."""

from __future__ import annotations

import json
import random
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.dataflows.content.spiteful import CLICKS, HOUR, START, VIEWS, spiteful_log
from tests.dataflows.rebuild.test_nightly import DAY_MS, fetch, night, send_log
from tests.e2e import learners, remembering
from tests.e2e.harness import Stack, Worker, stack
from tests.e2e.learners import Lesson, lessons
from tests.e2e.log import close, read_topic
from tests.e2e.school import Message, publish
from tests.e2e.tables import ARCHIVE, CONTENT, ENGAGEMENT, MEMORY, assert_holds, dump
from tests.oracle.content import ContentRules
from tests.oracle.content import expect as expect_content
from tests.oracle.engagement import Rules
from tests.oracle.engagement import expect as expect_engagement
from tests.oracle.nights import late_days_of
from tests.oracle.reading import Record

FLOWS = ("engagement", "content", "memory", "archive")
TOPICS = (*learners.TOPICS, VIEWS)
FIRST = START + 400 * DAY_MS  # later than the first lesson
ROUND = 8 * DAY_MS
TIMES = ("timestamp", "start_time", "end_time")


def moved(log: list[Record], to_ms: int) -> list[Record]:
    """Returns a log's records with all their times moved, as if it had begun then; ids of events differ by where to."""
    found = []
    for record in log:
        if not record.value:
            continue
        body = json.loads(record.value)
        body |= {name: body[name] + to_ms - START for name in TIMES if name in body}
        found.append(Record(record.topic, record.partition, 0, 0, json.dumps(body).encode()))
    return found


def log_of(seed: int, to_ms: int) -> list[Record]:
    return moved(spiteful_log(seed, size=160, partitions=4, students=4, long=0.02), to_ms)


def tick(here: Stack, at_ms: int) -> None:
    for topic in TOPICS:
        close(here.kafka, here.topic(topic), at_ms)


def records_of(here: Stack) -> list[Record]:
    return [record for topic in TOPICS for record in read_topic(here.kafka, here.topic(topic))]


def assert_as_reported(here: Stack) -> None:
    """Fails if a table of any flow holds anything but what the log and `late_days` say."""
    records = records_of(here)
    clicks = [record for record in records if record.topic == here.topic(CLICKS)]
    expected = expect_engagement(clicks, Rules(late_days=late_days_of(here.database, "engagement")))
    assert_holds(here.database, expected, *ENGAGEMENT)
    rules = ContentRules(here.prefix, late_days=late_days_of(here.database, "content"))
    assert_holds(here.database, expect_content(records, rules), *CONTENT)
    assert_holds(here.database, remembering.expected_of(here), *MEMORY)
    stored = {(r.topic, r.partition, r.offset) for r in records if r.value}
    rows = fetch(here, "SELECT topic, partition, kafka_offset FROM events") + fetch(
        here, "SELECT topic, partition, kafka_offset FROM dead_letters"
    )
    assert len(rows) == len(set(rows))
    assert set(rows) <= stored


def all_tables(here: Stack) -> dict[str, Any]:
    return {table: dump(here.database, table) for table in (*ENGAGEMENT, *CONTENT, *MEMORY, *ARCHIVE)}


def late_days(here: Stack) -> list[tuple[Any, ...]]:
    return fetch(here, "SELECT flow, day, added FROM late_days WHERE added > 0 ORDER BY flow, day")


def caught_up(here: Stack) -> None:
    """Waits until running workers have written all that lies in the topics."""
    wanted = {
        "engagement": len(read_topic(here.kafka, here.topic(CLICKS))),
        "content": sum(len(read_topic(here.kafka, here.topic(topic))) for topic in (CLICKS, VIEWS)),
        "memory": len(remembering.records_of(here)),
        "archive": len(records_of(here)),
    }
    for flow, count in wanted.items():
        here.wait_for_offset(count, flow)


def end(workers: list[Worker]) -> None:
    for worker in workers:
        assert worker.running, worker.output[-3000:]
        assert worker.terminate() == 0, worker.output[-3000:]


class Life:
    """What a school sends: on-time and late events of students, lessons, and now and then a record once more."""

    def __init__(self, here: Stack, taught: list[Lesson]) -> None:
        self.here, self.taught, self.rng = here, taught, random.Random(25)
        self.said: list[Record] = []

    def begin(self) -> None:
        tick(self.here, learners.START - DAY_MS)
        view = {"chapter_id": "ch0", "start_time": learners.START, "end_time": learners.START}
        values = [json.dumps(view | {"student_id": f"first{n}", "event_id": f"{n:032x}"}).encode() for n in range(40)]
        messages = [Message(0, b"k%d" % n, value) for n, value in enumerate(values)]
        publish(self.here.kafka, self.here.topic(VIEWS), messages)

    def send(self, log: list[Record], lessons_until_ms: int) -> None:
        again = self.rng.sample(self.said, min(12, len(self.said)))
        send_log(self.here, [*log, *again])
        self.said += log
        now = [one for one in self.taught if one.arrives_ms < lessons_until_ms]
        self.taught = self.taught[len(now) :]
        learners.publish(self.here.kafka, self.here.prefix, now)

    def go_round(self, number: int) -> None:
        """A week: events in time while a night is at work, and late ones of two days to two weeks ago."""
        now = FIRST + number * ROUND
        in_time = log_of(100 + number, now)
        late = [*log_of(200 + number, now - 2 * DAY_MS), *log_of(300 + number, now - (3 + 5 * number) * DAY_MS)]
        self.rng.shuffle(late)
        self.send(in_time[: len(in_time) // 2], now)
        tick(self.here, now + 40 * HOUR)
        self.send(late[: len(late) // 2], now)
        caught_up(self.here)
        beside = self.here.start("nightly")
        rest, left = in_time[len(in_time) // 2 :], late[len(late) // 2 :]
        for piece in range(4):
            parts = [one[len(one) * piece // 4 : len(one) * (piece + 1) // 4] for one in (rest, left)]
            self.send([*parts[0], *parts[1]], now + piece * DAY_MS)
            tick(self.here, now + (40 + 24 * piece) * HOUR)
        assert beside.wait() == 0, beside.output


@pytest.mark.long
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("database", ["postgres_url", pytest.param("timescale_url", marks=pytest.mark.soak)])
def test_nights_beside_running_workers_add_what_came_late_and_neither_a_rebuild_nor_an_older_snapshot_undoes_it(
    request: pytest.FixtureRequest, database: str, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, request.getfixturevalue(database), topic_prefix, tmp_path) as here:
        life = Life(here, lessons(500))
        life.begin()
        workers = [here.start("run", flow) for flow in FLOWS]
        for number in range(2):
            life.go_round(number)
        beside = late_days(here)
        assert {flow for flow, _day, _added in beside} == {"engagement", "content"}
        life.send(log_of(400, FIRST + ROUND), FIRST + 2 * ROUND)
        tick(here, FIRST + 2 * ROUND)
        caught_up(here)
        assert not [one for one in night(here) if one.waits]
        end(workers)
        assert sum(added for *_, added in late_days(here)) > sum(added for *_, added in beside) > 200
        assert_as_reported(here)
        before = all_tables(here)
        for flow in ("engagement", "content", "memory"):
            here.command("rebuild", flow)
        assert all_tables(here) == before

        # a snapshot from before a night, but not from before what the night has added was settled
        here.catch_up(*FLOWS)
        shutil.copytree(here.recovery, here.folder / "older")
        life.send(log_of(401, FIRST + 2 * ROUND), FIRST + 2 * ROUND)
        life.send(log_of(402, FIRST), FIRST + 2 * ROUND)
        tick(here, FIRST + 2 * ROUND + 40 * HOUR)
        here.catch_up(*FLOWS)
        added = [one for one in night(here, days=days_of(FIRST)) if not one.waits]
        assert {one.flow for one in added} == {"engagement", "content"}
        assert_as_reported(here)
        before = all_tables(here)
        put_back(here, "older")
        replay = here.start("run", *FLOWS, "--until-caught-up")
        while replay.running:
            assert all_tables(here) == before, "a number moved while what is known was read again"
        assert replay.wait() == 0, replay.output[-3000:]
        assert all_tables(here) == before


def days_of(since_ms: int, count: int = 3) -> list[date]:
    begin = datetime.fromtimestamp(since_ms / 1000, UTC).date()
    return [begin + timedelta(days=n) for n in range(count)]


def put_back(here: Stack, name: str) -> None:
    """Puts an older copy of the recovery stores in place of what is there."""
    shutil.rmtree(here.recovery)
    shutil.copytree(here.folder / name, here.recovery)
