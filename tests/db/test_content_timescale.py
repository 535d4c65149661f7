"""What only a real TimescaleDB shows of the content flow's tables: refreshes, rules that change, columnstore."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from db import repeatable
from tests.db.conftest import Database
from tests.db.content import at, settle, visit, write_content
from tests.db.test_timescale import OLD, run_jobs

SUMMARIES = (
    "chapter_summary course_summary course_exits class_progress risk_rows click_days cohort_weeks place_counts"
    " cohort_forgetting cohort_gaps class_failures module_days curve_days"
    " curve_totals first_due first_coming class_days class_course_days class_totals score_days page_weeks"
).split()
HOURS = "SELECT visits, time_ms FROM chapter_time_by_hour ORDER BY bucket"


def test_a_visit_that_comes_years_late_is_seen_after_the_next_refresh(timescale: Database) -> None:
    timescale.put("chapter_visit_facts", visit("ann", "a1", OLD, 60), visit("ann", "a1", datetime.now(UTC), 60))
    run_jobs(timescale)
    timescale.put("chapter_visit_facts", visit("ben", "a1", OLD, 30))
    run_jobs(timescale)
    assert timescale.values(HOURS) == [(2, 90_000), (1, 60_000)]
    assert timescale.values("SELECT visits, time_ms FROM chapter_time_by_day ORDER BY bucket LIMIT 1") == [(2, 90_000)]
    spread = "SELECT sum(visits), sum(time_ms) FROM course_time_spread"
    assert timescale.values(spread) == [(3, 150_000)]


def test_a_visit_that_is_replaced_leaves_nothing_behind(timescale: Database) -> None:
    timescale.put("chapter_visit_facts", visit("ann", "a1", OLD, 60, event_id="e"), visit("ann", "a2", OLD, 10))
    run_jobs(timescale)
    timescale.connection.execute("DELETE FROM chapter_visit_facts WHERE chapter_id = 'a2'")
    timescale.connection.execute("UPDATE chapter_visit_facts SET time_spent_seconds = 45")
    run_jobs(timescale)
    assert timescale.values(HOURS) == [(1, 45_000)]
    assert timescale.values("SELECT log_bucket, visits FROM chapter_time_spread") == [
        (timescale.value("SELECT log_bucket(45)"), 1)
    ]


def test_new_expected_times_and_new_staff_are_seen_in_old_days(timescale: Database) -> None:
    write_content(timescale)
    timescale.put("chapter_visit_facts", visit("ann", "a1", OLD, 1000), visit("head", "a1", OLD, 50))
    run_jobs(timescale)
    assert timescale.values(HOURS) == [(2, 350_000)]
    timescale.connection.execute("UPDATE content_items SET expected_seconds = 10 WHERE item_id = 'a1'")
    run_jobs(timescale)
    assert timescale.values(HOURS) == [(2, 60_000)]
    timescale.put("class_staff", {"class_id": "7B", "staff_id": "head"})
    run_jobs(timescale)
    assert timescale.values(HOURS) == [(1, 30_000)]
    assert timescale.value("SELECT total_visits FROM chapter_analytics") == 1


def test_rules_that_did_not_change_refresh_nothing_again(timescale: Database) -> None:
    write_content(timescale)
    timescale.connection.execute("CALL refresh_visits(false)")
    ran = timescale.value("SELECT ran_at FROM summary_runs WHERE name = 'visit_rules'")
    timescale.connection.execute("CALL refresh_visits(false)")
    assert timescale.value("SELECT ran_at FROM summary_runs WHERE name = 'visit_rules'") == ran


def test_a_summary_that_took_long_waits_for_long(timescale: Database) -> None:
    timescale.put("chapter_visit_facts", visit("ann", "a1", at(0), 60))
    run_jobs(timescale)
    timescale.put("chapter_visit_facts", visit("ben", "a1", at(0), 60))
    timescale.connection.execute("UPDATE summary_runs SET ran_at = now(), took = '1 hour'")
    run_jobs(timescale)
    assert timescale.value("SELECT unique_students FROM chapter_analytics") == 1
    timescale.connection.execute("UPDATE summary_runs SET ran_at = now() - interval '21 hours'")
    run_jobs(timescale)
    assert timescale.value("SELECT unique_students FROM chapter_analytics") == 2


@pytest.mark.parametrize("summary", SUMMARIES)
def test_a_summarys_table_has_the_columns_of_its_view(timescale: Database, summary: str) -> None:
    columns = (
        "SELECT attname, atttypid::regtype::text FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum"
    )
    assert timescale.values(columns, summary) == timescale.values(columns, f"{summary}_live")
    plain = "".join(path.read_text() for path in repeatable.VIEWS.glob("*.postgresql.sql"))
    assert f"VIEW {summary} AS SELECT * FROM {summary}_live" in plain


def test_visits_in_columnstore_can_be_replaced(timescale: Database) -> None:
    rows = [visit("ann", "a1", OLD + timedelta(minutes=n), 60, event_id=f"e{n}") for n in range(20)]
    timescale.put("chapter_visit_facts", *rows)
    settle(timescale)
    for chunk in timescale.values("SELECT show_chunks('chapter_visit_facts')::text"):
        timescale.connection.execute("CALL convert_to_columnstore(%s::regclass)", chunk)
    compressed = "SELECT count(*) FROM timescaledb_information.chunks WHERE is_compressed"
    assert timescale.value(compressed) == 1
    timescale.connection.execute(
        "DELETE FROM chapter_visit_facts WHERE student_id = 'ann' AND start_time >= %s", (OLD + timedelta(minutes=10),)
    )
    timescale.put("chapter_visit_facts", visit("ann", "a1", OLD + timedelta(minutes=15), 90))
    settle(timescale)
    assert timescale.values(HOURS) == [(11, 690_000)]
    assert timescale.values("SELECT visits_count, total_time_spent FROM chapter_engagement_summary") == [(11, 690)]
