"""The stuck queue rebuilt is the queue as it was."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

from tests.e2e.harness import Stack, stack
from tests.e2e.log import close
from tests.e2e.school import Message, publish
from tests.oracle.stuck_logs import CLICKS, HOUR, QUIZZES, START, spiteful_stuck


def send(here: Stack, seed: int) -> None:
    log = spiteful_stuck(seed, size=300, partitions=4)
    for topic in (CLICKS, QUIZZES):
        mine = [Message(r.append_ms, b"k%d" % r.partition, r.value) for r in log if r.topic == topic and r.value]
        publish(here.kafka, here.topic(topic), mine)


def test_a_spiteful_log_read_in_two_goes_is_rebuilt_to_the_same(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        for topic in (CLICKS, QUIZZES):
            close(here.kafka, here.topic(topic), START - HOUR)
        for seed in (3, 4):
            send(here, seed)
            here.catch_up("stuck", "archive")
        with psycopg.connect(here.database) as connection:
            found = connection.execute("SELECT count(*), count(DISTINCT kind) FROM stuck_episodes").fetchone()
        assert found is not None and found[0] > 30 and found[1] >= 5
        said = here.command("rebuild", "stuck")
        (counts,) = re.findall(r"stuck_episodes +│ ([\d,]+) +│ ([\d,]+) +│ ([\d,]+) +│ ([\d,]+) +│", said)
        assert counts == (str(found[0]), "0", "0", "0"), said
