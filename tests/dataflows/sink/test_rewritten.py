"""Rows that come again: changed ones are updated without being locked first, the same ones are left alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import psycopg
import pytest

from dataflows.sink.changes import Changes
from dataflows.sink.progress import claim_task
from tests.dataflows.sink.writing import DAY, FLOW, days, rows, write, writer
from tests.waiting import until

NOON = datetime(2026, 3, 2, 12)  # noqa: DTZ001 (frames hold epoch milliseconds)
STORED = "SELECT day, student_id, interactions FROM student_days ORDER BY 1, 2"
VERSIONS = "SELECT student_id, ctid::text, xmin::text FROM student_days ORDER BY day, student_id"


@pytest.fixture
def migrated(migrated_any: str) -> str:
    return migrated_any


def on(day: date, changes: Changes) -> Changes:
    """Returns the same rows of two days: `DAY` and another."""
    frame = changes.rows["student_days"]
    return replace(changes, rows={"student_days": pl.concat([frame, frame.with_columns(pl.lit(day).alias("day"))])})


@pytest.mark.parametrize("apart", [1, 6, 7, 8, 900])
def test_changed_rows_are_replaced_new_ones_added_and_equal_ones_left_alone(migrated: str, apart: int) -> None:
    other = DAY + timedelta(days=apart)
    generation = claim_task(migrated, FLOW, 0).generation
    here = writer(migrated)
    write(here, on(other, days(0, generation, 1, ("ann", 1), ("ben", 1))))
    before = dict.fromkeys(rows(migrated, VERSIONS))
    write(here, on(other, days(0, generation, 2, ("ann", 1), ("ben", 2), ("cem", 1))))
    here.close()
    wanted = [(day, s, n) for day in (DAY, other) for s, n in (("ann", 1), ("ben", 2), ("cem", 1))]
    assert rows(migrated, STORED) == wanted
    after = rows(migrated, VERSIONS)
    assert [row[0] for row in after if row in before] == ["ann", "ann"]


def records(url: str, since: str) -> list[tuple[Any, ...]]:
    """Returns kinds of log records since then that are about rows, each with how many."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(
            "SELECT record_type, count(*) FROM pg_get_wal_records_info(%s, pg_current_wal_lsn())"
            " WHERE resource_manager ~ '^Heap'"
            " AND record_type IN ('LOCK', 'HOT_UPDATE', 'UPDATE', 'INSERT', 'HEAP_CONFIRM', 'MULTI_INSERT') GROUP BY 1",
            (since,),
        ).fetchall()


@pytest.fixture
def inspected(database: str) -> str:
    with psycopg.connect(database, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_walinspect'").fetchone()
        if found is None:
            pytest.skip("this server has no pg_walinspect")
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_walinspect")
    return database


def test_an_update_is_one_record_of_the_databases_log_and_an_equal_row_none(inspected: str) -> None:
    database = inspected
    generation = claim_task(database, FLOW, 0).generation
    here = writer(database)
    write(here, days(0, generation, 1, *((f"s{n}", 1) for n in range(40))))
    [(since,)] = rows(database, "SELECT pg_current_wal_lsn()::text")
    write(here, days(0, generation, 2, *((f"s{n}", 1 + n % 2) for n in range(40))))
    here.close()
    found_records = dict(records(database, since))
    # 20 of 40 changed; and the row of task_progress
    assert found_records.get("LOCK", 0) <= 1
    assert sum(found_records.get(kind, 0) for kind in ("HOT_UPDATE", "UPDATE")) <= 22


def test_a_new_row_is_not_confirmed_and_new_events_share_a_record(inspected: str) -> None:
    generation = claim_task(inspected, FLOW, 0).generation
    here = writer(inspected)
    write(here, replace(days(0, generation, 1, ("ann", 1)), rows={"events": events("e", range(1))}))
    [(since,)] = rows(inspected, "SELECT pg_current_wal_lsn()::text")
    new = days(0, generation, 2, *((f"s{n}", 1) for n in range(40)))
    write(here, replace(new, rows=new.rows | {"events": events("e", range(1, 81))}))
    here.close()
    found = dict(records(inspected, since))
    assert found.get("HEAP_CONFIRM", 0) == 0
    assert 0 < found.get("MULTI_INSERT", 0) <= 10
    assert found.get("INSERT", 0) <= 45


def events(prefix: str, numbers: range) -> pl.DataFrame:
    """Returns rows of `events`, of a second each; the place tells who wrote them."""
    size = len(numbers)
    return pl.DataFrame(
        {
            "event_time": pl.Series([NOON + timedelta(seconds=n) for n in numbers], dtype=pl.Datetime("ms")),
            "event_id": [f"{prefix}{n}" for n in numbers],
            "student_id": ["ann"] * size,
            "event_name": ["page_view"] * size,
            "topic": ["t"] * size,
            "partition": [0] * size,
            "kafka_offset": list(numbers),
            "ingested_at": pl.Series([NOON] * size, dtype=pl.Datetime("ms")),
        }
    )


def test_of_events_that_come_again_the_first_stay_and_those_between_are_added(migrated: str) -> None:
    generation = claim_task(migrated, FLOW, 0).generation
    here = writer(migrated)
    for offset, numbers in enumerate((range(3), range(5), range(2, 9), range(9)), 1):
        again = events("e", numbers).with_columns(kafka_offset=pl.col("kafka_offset") + 1000 * offset)
        write(here, replace(days(0, generation, offset, ("ann", offset)), rows={"events": again}))
    here.close()
    stored = rows(migrated, "SELECT event_id, kafka_offset FROM events ORDER BY event_time")
    assert stored == [(f"e{n}", n + (1000 if n < 3 else 2000 if n < 5 else 3000)) for n in range(9)]


def test_a_row_that_another_worker_is_writing_at_this_moment_costs_a_second_try_and_stands_once(migrated: str) -> None:
    generation = claim_task(migrated, FLOW, 0).generation
    here = writer(migrated)
    both = replace(days(0, generation, 1, ("ann", 1)), rows={"events": events("e", range(3))})
    both = replace(both, rows=both.rows | days(0, generation, 1, ("ann", 1), ("ben", 1)).rows)
    with psycopg.connect(migrated) as other, ThreadPoolExecutor(1) as pool:
        other.execute(
            "INSERT INTO events (event_time, event_id, student_id, event_name, topic, partition, kafka_offset, "
            "ingested_at) VALUES (%s, 'e1', 'ann', 'page_view', 't', 1, 0, now())",
            (NOON.replace(tzinfo=UTC) + timedelta(seconds=1),),
        )
        other.execute("INSERT INTO student_days VALUES (%s, 'ben', '7B', 1, 9)", (DAY,))
        writing = pool.submit(write, here, both)
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        until(lambda: rows(migrated, waiting) != [(0,)])
        other.commit()
        writing.result(30)
    here.close()
    assert rows(migrated, "SELECT event_id, kafka_offset FROM events ORDER BY 1") == [("e0", 0), ("e1", 0), ("e2", 2)]
    assert rows(migrated, STORED) == [(DAY, "ann", 1), (DAY, "ben", 1)]
