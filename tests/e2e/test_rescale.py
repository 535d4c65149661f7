"""A cluster grows from one pod to four and shrinks to two under load: the tables are those of an undisturbed run."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psycopg
import pytest

from tests.e2e.harness import Stack, stack, wait_until
from tests.e2e.log import close, read_topic
from tests.e2e.pods import node, unavailable
from tests.e2e.school import MINUTE, Message, log_of, publish
from tests.e2e.tables import ENGAGEMENT, assert_holds
from tests.oracle.engagement import expect
from tests.parts import require

STANDSTILL_S = 15.0


@dataclass
class Load:
    """Somebody who publishes all the time, and watches for how long nothing is committed.

    Attributes:
        standstills: The longest pause of commits, in seconds, in each named stretch.
    """

    here: Stack
    messages: list[Message]
    standstills: dict[str, float] = field(default_factory=dict)
    stretch: str = "begin"
    sent: int = 0

    def __enter__(self) -> Self:
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=run) for run in (self._feed, self._watch)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def _feed(self) -> None:
        while self.sent < len(self.messages):
            gush = len(self.messages) - self.sent if self._enough.is_set() else 60
            publish(self.here.kafka, self.here.topic(), self.messages[self.sent : self.sent + gush])
            self.sent += gush
            time.sleep(0.2)

    def _watch(self) -> None:
        committed, since = self.here.offsets(), time.monotonic()
        while not self._enough.is_set():
            now = self.here.offsets()
            if now != committed:
                committed, since = now, time.monotonic()
            pause = time.monotonic() - since
            self.standstills[self.stretch] = max(self.standstills.get(self.stretch, 0.0), pause)
            time.sleep(0.05)


def running(here: Stack) -> int:
    """Returns how many members run the current formation; 0 unless all of its members do."""
    query = """
        SELECT jsonb_array_length(f.seats),
               count(m.member) FILTER (WHERE m.state = 'running' AND m.formation = f.number)
        FROM cluster_formations f LEFT JOIN cluster_members m USING (flow) GROUP BY f.flow, f.seats
    """
    with psycopg.connect(here.database) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row and row[0] == row[1] else 0


@pytest.mark.long
@pytest.mark.timeout(600)
def test_from_one_pod_to_four_and_to_two_under_load_the_tables_are_the_same_to_the_row(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    missing = unavailable()
    require("netns", missing is None, missing or "")
    settings = {"CLASSPULSE_PARTITIONS": "4", "CLASSPULSE_SNAPSHOT_INTERVAL_S": "2"}
    messages = log_of()
    with stack(kafka, timescale_url, topic_prefix, tmp_path, **settings) as here, node(here) as overlaps:
        with Load(here, messages) as load:
            pods = [overlaps.start("engagement", 0)]
            here.wait_for_offset(1)
            load.stretch = "1 to 4"
            pods += [overlaps.start("engagement", member) for member in (1, 2, 3)]
            wait_until(lambda: running(here) == 4, f"four members; {tmp_path} holds the logs", 90)
            here.wait_for_offset(here.offsets() + 1)
            load.stretch = "4 run"
            here.wait_for_offset(here.offsets() + 200)
            load.stretch = "4 to 2"
            for pod in pods[2:]:
                pod.process.terminate()
            assert [pod.process.wait(60) for pod in pods[2:]] == [0, 0]
            wait_until(lambda: running(here) == 2, f"two members; {tmp_path} holds the logs", 90)
            here.wait_for_offset(here.offsets() + 1)
            load.stretch = "2 run"
            here.wait_for_offset(here.offsets() + 200)
            assert load.sent < len(messages), "the load must last longer than the changes"
        close(kafka, here.topic(), messages[-1].arrives_ms + 65 * MINUTE)
        records = read_topic(kafka, here.topic())
        here.wait_for_offset(len(records))
        assert [pod.terminate() for pod in pods[:2]] == [0, 0]
        assert_holds(here.database, expect(records), *ENGAGEMENT)
    print("standstill in seconds:", {name: round(s, 1) for name, s in load.standstills.items()})
    assert max(load.standstills["1 to 4"], load.standstills["4 to 2"]) <= STANDSTILL_S


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_pod_that_burns_is_left_behind_and_taken_up_again_when_it_is_back(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    missing = unavailable()
    require("netns", missing is None, missing or "")
    settings = {"CLASSPULSE_PARTITIONS": "4", "CLASSPULSE_SNAPSHOT_INTERVAL_S": "2"}
    messages = log_of(students=40)
    with stack(kafka, timescale_url, topic_prefix, tmp_path, **settings) as here, node(here) as overlaps:
        with Load(here, messages):
            pods = [overlaps.start("engagement", member) for member in (0, 1)]
            wait_until(lambda: running(here) == 2, f"two members; {tmp_path} holds the logs", 90)
            here.wait_for_offset(1)
            pods[1].kill()
            wait_until(lambda: running(here) == 1, f"one member goes on; {tmp_path} holds the logs", 90)
            here.wait_for_offset(here.offsets() + 1)
            pods[1] = overlaps.start("engagement", 1)
            wait_until(lambda: running(here) == 2, f"two members again; {tmp_path} holds the logs", 90)
        close(kafka, here.topic(), messages[-1].arrives_ms + 65 * MINUTE)
        records = read_topic(kafka, here.topic())
        here.wait_for_offset(len(records))
        assert [pod.terminate() for pod in reversed(pods)] == [0, 0]
        assert_holds(here.database, expect(records), *ENGAGEMENT)
