"""What only a real TimescaleDB shows of the memory flow's tables: refreshes, columnstore, seven years."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.db.conftest import Database
from tests.db.memory import attempt, fact
from tests.db.test_timescale import OLD, run_jobs

MADE = "UPDATE _timescaledb_catalog.chunk SET creation_time = now() - %s::interval"


def test_an_attempt_that_comes_years_late_is_seen_after_the_next_refresh(timescale: Database) -> None:
    timescale.put("quiz_attempts", attempt("ann", OLD, 85), attempt("ann", datetime.now(UTC), 85))
    run_jobs(timescale)
    timescale.put("quiz_attempts", attempt("ben", OLD, 40))
    query = "SELECT attempts, score_sum, s4, s8 FROM module_performance_1d ORDER BY bucket LIMIT 1"
    assert timescale.values(query) == [(1, 8500, 0, 1)]  # materialised, until the refresh
    run_jobs(timescale)
    assert timescale.values(query) == [(2, 12500, 1, 1)]


def test_an_attempt_of_today_is_seen_at_once(timescale: Database) -> None:
    timescale.put("quiz_attempts", attempt("ann", OLD, 85))
    run_jobs(timescale)
    timescale.put("quiz_attempts", attempt("ann", datetime.now(UTC), 85))
    assert timescale.value("SELECT sum(attempts) FROM module_performance") == 2


def test_facts_that_come_late_find_their_place_in_columnstore(timescale: Database) -> None:
    for number in range(20):
        at = OLD + timedelta(seconds=number)
        timescale.put("quiz_attempts", attempt("ann", at, 85, event_id=f"q{number}"))
        timescale.put("learning_events", fact("ann", at, "login", event_id=f"l{number}"))
    timescale.connection.execute(MADE.encode(), ("91 days",))
    run_jobs(timescale)
    compressed = "SELECT count(*) FROM timescaledb_information.chunks WHERE is_compressed"
    assert timescale.value(compressed) == 2
    for table in ("quiz_attempts", "learning_events"):
        timescale.connection.execute(f"INSERT INTO {table} SELECT * FROM {table} ON CONFLICT DO NOTHING".encode())
    timescale.put("quiz_attempts", attempt("ben", OLD, 40))
    timescale.put("learning_events", fact("ben", OLD, "login"))
    assert timescale.value("SELECT count(*) FROM quiz_attempts") == 21
    assert timescale.value("SELECT count(*) FROM learning_events") == 21
    assert timescale.value("SELECT sum(attempt_count) FROM quiz_analytics") == 21


def test_attempts_are_kept_for_seven_years_after_they_were_stored(timescale: Database) -> None:
    timescale.put("quiz_attempts", attempt("ann", OLD, 85), attempt("ben", datetime.now(UTC), 85))
    timescale.connection.execute(MADE.encode(), ("6 years 11 months",))
    run_jobs(timescale)
    assert timescale.value("SELECT sum(attempts) FROM module_performance_1d") == 2
    timescale.connection.execute(
        (MADE + " WHERE id = (SELECT min(id) FROM _timescaledb_catalog.chunk)").encode(), ("7 years 1 day",)
    )
    for _night in range(2):
        run_jobs(timescale)
    assert timescale.values("SELECT user_id FROM quiz_attempts") == [("ben",)]
    assert timescale.value("SELECT sum(attempts) FROM module_performance_1d") == 1  # gone with them
