"""A write replaces rows: what it deletes goes first, in the same transaction."""

from __future__ import annotations

from datetime import date

import polars as pl
import psycopg

from dataflows.sink.changes import Changes
from dataflows.sink.freshness import Freshness
from dataflows.sink.progress import claim_task
from dataflows.sink.writer import Writer
from db.migrate import migrate

DAY = date(2026, 3, 2)


def days(*students: str, interactions: int = 1) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "day": [DAY] * len(students),
            "student_id": list(students),
            "class_id": ["7B"] * len(students),
            "minutes_active": [1] * len(students),
            "interactions": [interactions] * len(students),
        }
    )


def changes(generation: int, offset: int, **tables: pl.DataFrame) -> Changes:
    return Changes("engagement", 0, generation, {"t": offset}, {}, "c", {}, rows={"student_days": tables["rows"]},
                   deletes={"student_days": tables["deletes"]} if "deletes" in tables else {})  # fmt: skip


def stored(url: str) -> list[tuple[str, int]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT student_id, interactions FROM student_days ORDER BY 1").fetchall()


def test_deleted_keys_go_before_rows_come_and_a_later_delete_takes_an_earlier_row(any_database: str) -> None:
    migrate(any_database)
    generation = claim_task(any_database, "engagement", 0).generation
    writer = Writer(any_database, "engagement", Freshness(), lambda _: None, lambda: True)
    key = days("b").select("day", "student_id")
    writer.write_batch([("0", changes(generation, 1, rows=days("a", "b", "c")))])
    writer.write_batch([("0", changes(generation, 2, rows=days("b", interactions=9), deletes=key))])
    assert stored(any_database) == [("a", 1), ("b", 9), ("c", 1)]
    both = [changes(generation, 3, rows=days("b", "d")), changes(generation, 4, rows=days("e"), deletes=key)]
    writer.write_batch([("0", change) for change in both])
    assert stored(any_database) == [("a", 1), ("c", 1), ("d", 1), ("e", 1)]
    writer.close()
