"""A write puts what the state holds of a stretch of time in place of what was stored there, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import psycopg
import pytest
from psycopg import sql

from dataflows.sink.changes import Changes
from dataflows.sink.chunks import chunk_begin, chunk_lengths, whole_chunks
from dataflows.sink.progress import claim_task
from dataflows.sink.tables import TABLES
from dataflows.sink.writer import BY_INDEX
from tests.dataflows.sink.writing import FLOW, PLAIN, rows, write, writer


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-02T{clock}")


def sessions(*starts: tuple[str, str], events: int = 1) -> pl.DataFrame:
    """Returns sessions of (student, start)."""
    return pl.DataFrame(
        {
            "session_start": pl.Series([at(start) for _, start in starts], dtype=pl.Datetime("ms")),
            "student_id": [student for student, _ in starts],
            "session_id": ["s"] * len(starts),
            "session_end": pl.Series([at(start) for _, start in starts], dtype=pl.Datetime("ms")),
            "duration_seconds": [0.0] * len(starts),
            "events": [events] * len(starts),
            "pages": [0] * len(starts),
            "is_bounce": [False] * len(starts),
            "task": [0] * len(starts),
        }
    )


def since(*spans: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "student_id": [student for student, _ in spans],
            "since": pl.Series([at(clock) for _, clock in spans], dtype=pl.Datetime("ms")),
        }
    )


def changes(offset: int, rows_: pl.DataFrame | None, spans: pl.DataFrame | None = None) -> Changes:
    return replace(
        PLAIN,
        offsets={"t": offset},
        rows={} if rows_ is None else {"sessions_closed": rows_},
        replaces={} if spans is None else {"sessions_closed": spans},
    )


@pytest.fixture
def url(migrated_any: str) -> str:
    claim_task(migrated_any, FLOW, 0)
    return migrated_any


def stored(url: str) -> list[tuple[object, ...]]:
    return rows(
        url, "SELECT student_id, to_char(session_start, 'HH24:MI'), events FROM sessions_closed ORDER BY 1, 2, 3"
    )


def test_what_lies_in_the_stretch_and_is_not_written_again_goes_and_nothing_else(url: str) -> None:
    here = writer(url)
    before = sessions(("ada", "08:00"), ("ada", "10:00"), ("ada", "11:00"), ("bob", "11:00"))
    write(here, changes(1, before))
    write(here, changes(2, sessions(("ada", "10:00"), events=7), since(("ada", "10:00"))))
    assert stored(url) == [("ada", "08:00", 1), ("ada", "10:00", 7), ("bob", "11:00", 1)]
    write(here, changes(3, None, since(("ada", "09:00"))))
    assert stored(url) == [("ada", "08:00", 1), ("bob", "11:00", 1)]
    here.close()


def test_of_two_batches_in_one_write_the_later_stretch_takes_rows_of_the_earlier(url: str) -> None:
    here = writer(url)
    write(here, changes(1, sessions(("ada", "09:30"))))
    write(
        here,
        changes(2, sessions(("ada", "10:00"), ("ada", "11:00"), ("bob", "11:00")), since(("ada", "09:00"))),
        changes(3, sessions(("ada", "11:30")), since(("ada", "10:30"))),
    )
    assert stored(url) == [("ada", "10:00", 1), ("ada", "11:30", 1), ("bob", "11:00", 1)]
    here.close()


def test_a_visit_that_was_sent_stays_while_derived_ones_make_way(url: str) -> None:
    here = writer(url)
    visits = pl.DataFrame(
        {
            "start_time": pl.Series([at("10:00"), at("10:05")], dtype=pl.Datetime("ms")),
            "event_id": ["sent", "derived"],
            "student_id": ["ada", "ada"],
            "chapter_id": ["ch1", "ch1"],
            "end_time": pl.Series([at("10:10"), at("10:10")], dtype=pl.Datetime("ms")),
            "time_spent_seconds": [600.0, 300.0],
            "raw_seconds": [600.0, 300.0],
            "idle_capped": [False, False],
            "source": ["view", "clickstream"],
            "task": [0, 0],
            "place": [1, 2],
        }
    )
    write(here, replace(PLAIN, rows={"chapter_visit_facts": visits}))
    gone = replace(PLAIN, offsets={"t": 2}, replaces={"chapter_visit_facts": since(("ada", "09:00"))})
    write(here, gone)
    assert rows(url, "SELECT event_id FROM chapter_visit_facts") == [("sent",)]
    assert rows(url, "SELECT min(start_time) FROM chapter_visit_facts") == [(datetime(2026, 3, 2, 10, tzinfo=UTC),)]
    here.close()


def pairs(plan: dict[str, Any]) -> int:
    """Returns how many pairs of rows the joins of a plan have looked at in vain."""
    below = sum(pairs(part) for part in plan.get("Plans", ()))
    return below + int(plan.get("Rows Removed by Join Filter", 0) * plan["Actual Loops"])


def compared(connection: psycopg.Connection[Any], statement: sql.Composed) -> int:
    """Runs a statement; returns how many pairs of rows its joins looked at in vain."""
    found = connection.execute(sql.SQL("EXPLAIN (ANALYZE, FORMAT JSON) ") + statement).fetchone()
    assert found is not None
    return pairs(found[0][0]["Plan"])


VALUES = """
INSERT INTO {table} (session_start, student_id, session_id, session_end, duration_seconds, events, pages, is_bounce,
                     task)
SELECT timestamptz '2026-03-02 08:00:00Z' + n * interval '1 second', 's' || n, 's', '2026-03-02 09:00:00Z', 0, 1, 0,
       false, 0
FROM generate_series(1, 2000) n
"""


def test_a_stretch_is_not_compared_with_every_staged_row(url: str) -> None:
    table = TABLES["sessions_closed"]
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        connection.execute(BY_INDEX)
        for staged in ("staged", "spans"):
            connection.execute(f"CREATE TEMP TABLE {staged} AS SELECT * FROM sessions_closed LIMIT 0".encode())
        for name in ("sessions_closed", "staged", "spans"):
            connection.execute(VALUES.format(table=name).encode())
        length = chunk_lengths(connection).get("sessions_closed")
        since = chunk_begin(datetime(2026, 3, 2, 8, tzinfo=UTC), length) if length else None
        assert compared(connection, table.replace_sql("spans", "staged", since)) < 2000


DAY = "INSERT INTO {} SELECT '2026-03-02', 's' || n, 'c', {}, 1 FROM generate_series(1, {}) n"


@pytest.mark.parametrize("counted", ["never", "the day before"])
def test_a_staged_row_is_not_compared_with_every_row_of_its_day(url: str, counted: str) -> None:
    table = TABLES["student_days"]
    columns = ["day", "student_id", "class_id", "minutes_active", "interactions"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO student_days SELECT '2026-03-01', 's' || n, 'c', 1, 1 FROM generate_series(1, 4000) n"
        )
        if counted != "never":
            connection.execute("ANALYZE student_days")
        connection.execute(DAY.format("student_days", 1, 4000).encode())
        connection.execute("CREATE TEMP TABLE staged AS SELECT * FROM student_days LIMIT 0")
        connection.execute(DAY.format("staged", 2, 500).encode())
        connection.execute(BY_INDEX)
        day = date(2026, 3, 2)
        length = chunk_lengths(connection).get("student_days")
        between = whole_chunks((day, day), length) if length else None
        assert compared(connection, table.known_sql("staged", between)) < 1000
        assert compared(connection, table.new_sql("staged", columns, between)) < 1000
        assert compared(connection, table.update_sql("staged", columns, between)) < 1000
        found = connection.execute("SELECT count(*) FROM student_days WHERE minutes_active = 2").fetchone()
        assert found == (500,)
