"""The instruments themselves: a proof is worth what its measure is worth."""

from __future__ import annotations

import uuid
from pathlib import Path

import psycopg

from dataflows.kafka.topics import ALL_TOPICS
from tests.e2e.harness import Stack, stack, wait_until
from tests.e2e.log import by_partition, repeated, shuffled, slices
from tests.e2e.poller import Poller
from tests.e2e.school import FRIDAY, MINUTE, log_of
from tests.e2e.tables import ENGAGEMENT, differences
from tests.oracle.engagement import expect
from tests.oracle.reading import Record


def sorted_log() -> list[Record]:
    """The school's log in event-time order: nothing is late, as in a replayed file."""
    found: list[Record] = []
    for offset, message in enumerate(log_of(students=20, minutes=30)):
        partition = sum(message.key or b"") % 3
        found.append(Record("clickstream_events", partition, offset, FRIDAY + 10**10, message.value, message.key))
    ordered = shuffled(found, seed=0, within_ms=1)
    end = FRIDAY + 5 * 24 * 60 * MINUTE
    return ordered + [Record("clickstream_events", p, 10**6, FRIDAY + 10**10, None, tick=end) for p in range(3)]


def test_shuffling_and_repeating_change_the_log_and_not_what_it_says() -> None:
    log = sorted_log()
    mixed = repeated(shuffled(log, seed=3), seed=4)
    assert [record.value for record in shuffled(log, seed=3)] != [record.value for record in log]
    assert len(mixed) > 1.03 * len(log)
    one, other = expect(log), expect(mixed)
    assert one.late == 0
    for table in ENGAGEMENT:
        assert getattr(one, table) == getattr(other, table), table


def test_slices_follow_each_other_within_every_partition() -> None:
    log = sorted_log()
    pieces = slices(log, 4)
    assert by_partition(log) == by_partition([record for piece in pieces for record in piece])
    assert all(len(by_partition(piece)) == 3 for piece in pieces)


def test_a_difference_names_the_row_and_the_column() -> None:
    same = {("a",): {"events": 1, "score": 0.1}}
    assert differences(same, {("a",): {"events": 1, "score": 0.1 + 1e-12, "detail": "x"}}, "t") == ""
    text = differences(same | {("b",): {"events": 2}}, {("a",): {"events": 3, "score": 0.1}, ("c",): {}}, "t")
    assert "missing: ('b',)" in text
    assert "too many: ('c',)" in text
    assert "differs: ('a',) events: expected 1, found 3" in text


def test_the_commands_find_topics_and_tables_as_the_harness_makes_them(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        here.command("topics", "--check")
        assert "as it was; views and roles as they were" in here.command("migrate")


def test_the_commands_make_topics_and_tables(kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path) -> None:
    here = Stack(kafka, postgres_url, topic_prefix, tmp_path)
    assert here.command("topics").count("created") == len(ALL_TOPICS)
    here.command("topics", "--check")
    assert "schema empty -> " in here.command("migrate")


def test_the_poller_sees_a_number_that_falls_and_a_row_that_vanishes(postgres_url: str, tmp_path: Path) -> None:
    Stack("unused:9092", postgres_url, f"{uuid.uuid4().hex}.", tmp_path).command("migrate")
    with psycopg.connect(postgres_url, autocommit=True) as connection, Poller(postgres_url, pause_s=0.01) as poller:
        connection.execute(
            "INSERT INTO student_days VALUES ('2024-03-01', 's1', null, 2, 5), ('2024-03-02', 's1', null, 1, 1)"
        )
        connection.execute(
            "INSERT INTO activity_windows (window_start, scope, scope_id, task, events, active_students, active_5m)"
            " VALUES ('2024-03-01', 'all', 'all', 0, 4, 2, 2)"
        )
        wait_until(lambda: len(poller._seen["student_days"]) == 2, "the first look", 10)
        connection.execute("UPDATE activity_windows SET events = 3")
        connection.execute("UPDATE student_days SET interactions = 6 WHERE day = '2024-03-01'")
        connection.execute("DELETE FROM student_days WHERE day = '2024-03-02'")
        wait_until(lambda: len(poller.falls) >= 2, "the fall", 10)
        looks = poller.looks
        wait_until(lambda: poller.looks > looks + 2, "further looks", 10)
    assert any("fell from (4, 2, 2) to (3, 2, 2)" in fall for fall in poller.falls)
    assert any("student_days" in fall and "vanished" in fall for fall in poller.falls)
    assert len(poller.falls) == 2
