"""Small files that once went wrong (`cases/`), through the real commands: what SQL then says."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.e2e.harness import Stack, stack
from tests.jobs import stop_jobs

CASES = Path(__file__).parent / "cases"
ALL = ("archive", "engagement", "content", "memory")
SCHOOL_WEEK = ("--from", "2026-03-01", "--to", "2026-03-07")
REFRESHES = """
    SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = 'policy_refresh_continuous_aggregate' ORDER BY 1
"""
DATA_CLOCK = {"PGOPTIONS": "-c classpulse.clock=data -c timezone=UTC"}


class Deployment:
    """A deployment that takes one file."""

    def __init__(self, here: Stack) -> None:
        self.here = here

    def take(self, name: str, form: str, *flows: str) -> None:
        """Publishes a file, runs the flows over it, and then what TimescaleDB's jobs would do within minutes."""
        stop_jobs(self.here.database)
        self.here.command("replay", str(CASES / name), "--format", form, "--close")
        self.here.catch_up(*flows)
        with psycopg.connect(self.here.database, autocommit=True, options=DATA_CLOCK["PGOPTIONS"]) as connection:
            if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone():
                for (job,) in connection.execute(REFRESHES).fetchall():
                    connection.execute("CALL run_job(%s)", (job,))
                connection.execute("CALL refresh_summaries()")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Returns what SQL says as of the end of the log."""
        with psycopg.connect(self.here.database, options=DATA_CLOCK["PGOPTIONS"]) as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture
def school(kafka: str, either_database: str, topic_prefix: str, tmp_path: Path) -> Iterator[Deployment]:
    with stack(kafka, either_database, topic_prefix, tmp_path) as here:
        yield Deployment(here)


def test_of_two_pages_of_one_minute_the_second_has_the_time(school: Deployment) -> None:
    school.take("moodle-same-minute.csv", "moodle", "content")
    spent = "SELECT chapter_id, sum(time_spent_seconds) FROM chapter_visits GROUP BY 1 ORDER BY 1"
    assert school.ask(spent) == [("cm1", 0), ("cm2", 4_800)]


def test_what_others_did_in_a_students_name_is_not_hers(school: Deployment) -> None:
    school.take("moodle-not-the-student.csv", "moodle", *ALL)
    assert school.ask("SELECT student_id, day::text, interactions::int FROM student_days") == [("11", "2021-03-01", 1)]
    assert school.ask("SELECT student_id, day::text FROM student_click_days") == [("11", "2021-03-01")]
    assert school.ask("SELECT count(*) FROM chapter_visits") == [(0,)]
    assert school.ask("SELECT count(*) FROM milestones") == [(0,)]
    assert school.ask("SELECT role, count(*) FROM events GROUP BY 1 ORDER BY 1") == [
        ("staff", 2),
        ("student", 1),
        ("system", 2),
    ]


def test_a_course_has_one_id_whatever_names_it(school: Deployment) -> None:
    school.take("moodle-one-course-three-ids.csv", "moodle", *ALL)
    assert school.ask("SELECT course_id, count(*) FROM events GROUP BY 1") == [("5", 5)]
    for table in ("chapter_visits", "course_analytics"):
        assert school.ask(f"SELECT DISTINCT course_id FROM {table}") == [("5",)]


def test_one_day_proves_the_order_of_all_dates(school: Deployment) -> None:
    school.take("moodle-us-dates.csv", "moodle", "archive", "engagement")
    days = [("2021-04-05",), ("2021-04-17",)]
    assert school.ask("SELECT event_time::date::text FROM events ORDER BY 1") == days
    assert school.ask("SELECT day::text FROM student_days ORDER BY 1") == days


def test_a_quiz_sent_again_under_a_later_time_counts_once(school: Deployment) -> None:
    school.take("same-id-later-time.jsonl", "jsonl", *ALL)
    for table in ("events", "quiz_attempts", "memory_reviews", "milestones"):
        quizzes = f"SELECT count(*) FROM {table} WHERE event_id = '6df95749-fcc1-5494-875c-7a61865898a3'"
        assert school.ask(quizzes) == [(1,)], table
    for table in ("student_days", "student_click_days"):
        assert school.ask(f"SELECT interactions::int FROM {table} ORDER BY day") == [(2,), (1,)], table
    assert school.ask("SELECT attempt_count FROM quiz_analytics") == [(1,)]


def test_numbers_that_are_written_as_text_are_numbers(school: Deployment) -> None:
    school.take("score-as-text.jsonl", "jsonl", *ALL)
    assert school.ask("SELECT user_id, score FROM quiz_attempts ORDER BY 1") == [("s3", 85), ("s4", 85), ("s5", 85)]
    assert school.ask("SELECT sum(revenue)::float8 FROM enrolment_revenue") == [(49.9,)]


def test_each_of_two_classes_has_what_happened_there(school: Deployment) -> None:
    school.take("two-classes.jsonl", "jsonl", *ALL)
    assert school.ask("SELECT class_id, active_students, interactions FROM daily_activity ORDER BY 1") == [
        ("7A", 1, 3),
        ("7B", 1, 3),
    ]
    by_day = "SELECT scope_id, events FROM activity_by_day WHERE scope IN ('all', 'class') ORDER BY 1"
    assert school.ask(by_day) == [("7A", 3), ("7B", 3), ("all", 6)]
    assert school.ask("SELECT active_users, interactions FROM clickstream_analytics") == [(1, 6)]


@pytest.mark.parametrize("name", ["bom.jsonl", "array.json"])
def test_events_are_read_behind_a_byte_order_mark_and_in_an_array(school: Deployment, name: str) -> None:
    school.take(name, "jsonl", "archive")
    assert school.ask("SELECT student_id FROM events ORDER BY 1") == [("s0",), ("s1",), ("s2",)]


def test_no_cell_of_a_report_is_a_formula(school: Deployment) -> None:
    school.take("csv-formula.jsonl", "jsonl", *ALL)
    school.here.command("report", "F1", "--csv", "-o", "f1", *SCHOOL_WEEK, **DATA_CLOCK)
    sheets = (school.here.folder / "f1").glob("*.csv")
    lines = [line for sheet in sheets for line in csv.reader(sheet.open(encoding="utf-8", newline=""))]
    # the two attempts are in it; a class with a roster names the module too (tests/cli/test_report.py)
    assert ["20-29", "0", "2"] in lines
    assert not [cell for line in lines for cell in line if cell.startswith(("=", "+", "@"))]


def test_a_class_may_have_a_dollar_in_its_name(school: Deployment) -> None:
    school.take("class-with-dollar.jsonl", "jsonl", *ALL)
    school.here.command("report", "7$B", "--html", "-o", "page", *SCHOOL_WEEK, **DATA_CLOCK)
    assert "7$B" in (school.here.folder / "page.html").read_text(encoding="utf-8")
