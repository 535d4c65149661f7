"""`events` has one row for one id and time in each topic: the first of the log, in whatever order it is read."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import count

import polars as pl

from dataflows.sink.changes import Changes
from dataflows.sink.progress import claim_task
from tests.dataflows.sink.writing import AT, FLOW, PLAIN, rows, write, writer

CLICKS, ALIAS, VIEWS, QUIZZES = (
    f"school9.{name}" for name in ("clickstream_events", "lms_clickstream", "chapter_view_events", "module_quiz_events")
)
#: event, topic, partition, place
RECORDS = (
    ("e1", QUIZZES, 0, 1),
    ("e1", VIEWS, 0, 2),
    ("e1", CLICKS, 0, 30),
    ("e1", CLICKS, 0, 40),
    ("e2", QUIZZES, 0, 3),
    ("e2", ALIAS, 0, 9),
    ("e2", VIEWS, 0, 4),
    ("e3", VIEWS, 1, 7),
    ("e3", VIEWS, 0, 7),
    ("e3", CLICKS, 1, 2),
    ("e3", CLICKS, 0, 8),
)
STANDS = [
    ("e1", VIEWS, 0, 2),
    ("e1", CLICKS, 0, 30),
    ("e1", QUIZZES, 0, 1),
    ("e2", VIEWS, 0, 4),
    ("e2", ALIAS, 0, 9),
    ("e2", QUIZZES, 0, 3),
    ("e3", VIEWS, 0, 7),
    ("e3", CLICKS, 1, 2),
]


def events(offset: int, *records: tuple[str, str, int, int]) -> Changes:
    names = [topic for _, topic, _, _ in records]
    frame = pl.DataFrame(
        {
            "event_time": pl.Series([AT.replace(tzinfo=None)] * len(records), dtype=pl.Datetime("ms")),
            "event_id": [event for event, *_ in records],
            "student_id": ["ann"] * len(records),
            "event_type": names,
            "event_name": names,
            "topic": names,
            "partition": [partition for *_, partition, _ in records],
            "kafka_offset": [place for *_, place in records],
            "ingested_at": pl.Series([AT.replace(tzinfo=None)] * len(records), dtype=pl.Datetime("ms")),
        }
    )
    return replace(PLAIN, offsets={"t": offset}, rows={"events": frame})


def test_in_any_order_and_any_transactions_the_first_record_of_each_topic_is_left(migrated_any: str) -> None:
    claim_task(migrated_any, FLOW, 0)
    here, offset = writer(migrated_any), count(2)
    for seed in range(12):
        rng = random.Random(seed)
        reported = [*RECORDS, *rng.choices(RECORDS, k=4)]
        rng.shuffle(reported)
        while reported:
            size = rng.randrange(1, 6)
            write(here, events(next(offset), *reported[:size]))
            reported = reported[size:]
        stored = "SELECT event_id, topic, partition, kafka_offset, event_name FROM events ORDER BY 1, 2"
        assert rows(migrated_any, stored) == [(*row, row[1]) for row in STANDS], seed
        rows(migrated_any, "DELETE FROM events RETURNING 1")


def test_rows_of_which_none_is_stored_go_into_the_table_as_they_are(migrated_any: str) -> None:
    claim_task(migrated_any, FLOW, 0)
    here, offset = writer(migrated_any), count(2)

    def is_staged() -> bool:
        assert here._connection is not None
        found = here._connection.execute("SELECT to_regclass('pg_temp.stage_events') IS NOT NULL").fetchone()
        return bool(found and found[0])

    write(here, events(next(offset), *RECORDS[:3]))
    write(here, events(next(offset), *RECORDS[4:7]))
    assert not is_staged()
    write(here, events(next(offset), *RECORDS[3:8]))
    assert is_staged()
    rows(migrated_any, "DELETE FROM events RETURNING 1")
