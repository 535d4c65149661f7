"""Rows that come again: changed ones are updated without being locked first, the same ones are left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import psycopg
import pytest

from dataflows.sink.changes import Changes
from dataflows.sink.progress import claim_task
from db.migrate import migrate
from tests.dataflows.sink.writing import DAY, FLOW, days, rows, write, writer

STORED = "SELECT day, student_id, interactions FROM student_days ORDER BY 1, 2"
VERSIONS = "SELECT student_id, ctid::text, xmin::text FROM student_days ORDER BY day, student_id"


@pytest.fixture
def migrated(any_database: str) -> str:
    migrate(any_database)
    return any_database


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
            " WHERE resource_manager = 'Heap' AND record_type IN ('LOCK', 'HOT_UPDATE', 'UPDATE') GROUP BY 1",
            (since,),
        ).fetchall()


def test_an_update_is_one_record_of_the_databases_log_and_an_equal_row_none(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_walinspect'").fetchone()
        if found is None:
            pytest.skip("this server has no pg_walinspect")
        connection.execute("CREATE EXTENSION pg_walinspect")
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
