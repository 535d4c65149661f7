"""Five years of a real course's Moodle log through the real parts, against the oracle, to the row."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Stack, stack
from tests.e2e.log import read_topic, repeated, shuffled, slices, write
from tests.e2e.tables import ENGAGEMENT, assert_holds, dump
from tests.oracle.engagement import Expected, expect
from tests.oracle.reading import Record
from tests.parts import require

ROWS, STORED, SYSTEM, REJECTED = 64_422, 56_553, 278, 7_869


@pytest.fixture
def moodle(data_dir: Path) -> Path:
    file = data_dir / "moodle-oop-course.csv.gz"
    require("data", file.is_file(), f"{file} does not exist")
    return file


@pytest.fixture
def replayed(
    kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path, moodle: Path
) -> Iterator[tuple[Stack, list[Record]]]:
    """A deployment whose topic holds the whole log, and what the topic holds."""
    with stack(kafka, postgres_url, topic_prefix, tmp_path) as here:
        here.command("replay", str(moodle), "--format", "moodle", "--close")
        yield here, read_topic(kafka, here.topic())


@pytest.mark.long
def test_every_row_is_accounted_for_and_every_table_is_what_the_oracle_says(
    replayed: tuple[Stack, list[Record]],
) -> None:
    here, records = replayed
    assert sum(record.tick is None for record in records) == ROWS
    here.catch_up()
    expected = expect(records)
    assert len(expected.events) == STORED
    assert sum(row["role"] == "system" for row in expected.events.values()) == SYSTEM
    reasons = Counter(row["reason"] for row in expected.dead_letters.values())
    assert reasons == {"missing_field": 7_866, "bad_timestamp": 3}
    assert expected.late == expected.duplicates == 0
    assert_holds(here.database, expected)


@pytest.mark.long
def test_shuffled_repeated_stopped_and_rebuilt_it_is_the_same(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path, moodle: Path
) -> None:
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as source:
        source.command("replay", str(moodle), "--format", "moodle", "--close")
        original = read_topic(kafka, source.topic())
    mixed = repeated(shuffled(original, seed=12), seed=13)
    folder = tmp_path / "mixed"
    folder.mkdir()
    with stack(kafka, timescale_url, f"{topic_prefix}mixed.", folder) as here:
        rng = random.Random(11)
        first, second, third = slices(mixed, 3)
        for piece, workers, batch_records in ((first, 1, 50), (second, 2, 1_999)):
            covered = here.offsets()
            write(kafka, here.topic(), piece)
            batches = {"CLASSPULSE_BATCH_RECORDS": str(batch_records)}
            worker = here.start("run", "engagement", "archive", "--workers", str(workers), **batches)
            here.wait_for_offset(covered + rng.randrange(1, len(piece) // 2))
            assert worker.terminate() == 0, worker.output
        write(kafka, here.topic(), third)
        here.catch_up(CLASSPULSE_BATCH_RECORDS="400")
        expected = expect(read_topic(kafka, here.topic()))
        # of the repeats some come in time and are dropped, others come too late; of the first records none does
        assert expected.duplicates > 500
        assert expected.late > 500
        assert_says_the_same(expected, expect(original))
        assert_holds(here.database, expected)

        live = {table: dump(here.database, table) for table in ENGAGEMENT}
        here.command("rebuild", "engagement")
        assert_holds(here.database, expected)
        assert live == {table: dump(here.database, table) for table in ENGAGEMENT}


def assert_says_the_same(one: Expected, other: Expected) -> None:
    """The oracle itself must not care about the order and the repeats."""
    for table in ENGAGEMENT:
        assert getattr(one, table) == getattr(other, table), table
    # an id is one event within its topic, and the two logs are of two topics
    assert {key[:2] for key in one.events} == {key[:2] for key in other.events}
