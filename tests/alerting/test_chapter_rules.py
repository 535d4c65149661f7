"""The rules of chapters, on both sides of every threshold and guard."""

from __future__ import annotations

import psycopg
import pytest

from tests.alerting.chapters import paces, reads
from tests.alerting.lessons import TERM, firing, word
from tests.grafana.conftest import School


@pytest.mark.parametrize(
    ("worked", "idle", "expected"), [(3, 7, 0), (2, 8, 1), (0, 10, 1), (2, 7, 0), (6, 14, 0), (5, 15, 1)]
)
def test_fewer_than_three_tenths_of_ten_must_have_worked_on_a_chapter(
    school: School, worked: int, idle: int, expected: int
) -> None:
    reads(school, "7B", worked=worked, idle=idle)
    assert firing(school, "chapter_engagement") == {"7B": expected}
    reported = f"*Poetry* ({worked} of {worked + idle})" if expected else ""
    assert word(school, "chapter_engagement", "which") == {"7B": reported}


@pytest.mark.parametrize(
    ("seconds", "scroll", "expected"), [(1, 49.9, 1), (1, 50, 0), (99, None, 1), (100, None, 0), (100, 10, 0)]
)
def test_half_of_the_page_or_a_quarter_of_the_time_is_work(
    school: School, seconds: float, scroll: float | None, expected: int
) -> None:
    reads(school, "7B", worked=10, idle=0, seconds=seconds, scroll=scroll)
    assert firing(school, "chapter_engagement") == {"7B": expected}


def test_where_nothing_can_be_known_of_a_visit_it_is_work(school: School) -> None:
    reads(school, "7B", worked=10, idle=0, scroll=None)
    with psycopg.connect(school.url, autocommit=True) as owner:
        owner.execute("UPDATE content_items SET expected_seconds = NULL")
    assert firing(school, "chapter_engagement") == {"7B": 0}


def test_whoever_completed_a_chapter_worked_on_it(school: School) -> None:
    ids = reads(school, "7B", worked=2, idle=8)
    done = {"event_time": "2026-03-01T10:00Z", "kind": "lesson_complete", "course_id": "math", "chapter_id": "poetry"}
    school.put(milestones=[{**done, "event_id": "done", "student_id": ids[5]}])
    assert firing(school, "chapter_engagement") == {"7B": 0}


@pytest.mark.parametrize(("days", "expected"), [(6.9, 0), (7, 1), (13.9, 1), (14, 0), (-1, 0)])
def test_a_chapter_is_told_of_in_its_second_week(school: School, days: float, expected: int) -> None:
    reads(school, "7B", worked=0, idle=10, opened_days=days)
    assert firing(school, "chapter_engagement") == {"7B": expected}


@pytest.mark.parametrize(("ago", "expected"), [(1, 0), (8, 1), (20, 0)])
def test_a_chapter_without_a_date_opened_with_its_first_visit(school: School, ago: int, expected: int) -> None:
    reads(school, "7B", worked=2, idle=8, opened_days=None, visited_days=ago)
    assert firing(school, "chapter_engagement") == {"7B": expected}


@pytest.mark.parametrize(
    ("minutes", "students", "earlier", "expected"),
    [(20, 10, 10, 1), (19.9, 10, 10, 0), (60, 9, 10, 0), (60, 10, 9, 0), (60, 10, 0, 0)],
)
def test_a_chapter_calls_at_twice_its_usual_time_of_ten_students(
    school: School, minutes: float, students: int, earlier: int, expected: int
) -> None:
    paces(school, "7B", minutes=minutes, usual=10, students=students, earlier=earlier)
    assert firing(school, "chapter_time") == {"7B": expected}
    reported = f"*Drama* ({minutes} min, usual 10)" if expected else ""
    assert word(school, "chapter_time", "which") == {"7B": reported}


@pytest.mark.parametrize(
    ("days", "recent_days", "expected"),
    [(8, 6.4, 1), (8, 6.5, 0), (6.5, 1, 1), (6.4, 1, 0), (34.4, 1, 1), (34.5, 1, 0)],
)
def test_the_last_week_is_held_against_the_four_weeks_before(
    school: School, days: float, recent_days: float, expected: int
) -> None:
    paces(school, "7B", minutes=60, usual=10, days=days, recent_days=recent_days)
    assert firing(school, "chapter_time") == {"7B": expected}


@pytest.mark.parametrize(("days", "expected"), [(6.9, 0), (7, 1), (None, 1)])
def test_a_chapter_that_opened_this_week_is_not_slow_yet(school: School, days: float | None, expected: int) -> None:
    paces(school, "7B", minutes=60, usual=10, opened_days=days)
    assert firing(school, "chapter_time") == {"7B": expected}


def test_nobody_is_told_of_chapters_between_terms(school: School) -> None:
    reads(school, "7B", worked=0, idle=10)
    paces(school, "7C", minutes=60, usual=10, course="art")
    school.put(terms=[TERM])
    assert firing(school, "chapter_engagement") == {"7B": 1, "7C": 0}
    assert firing(school, "chapter_time") == {"7B": 0, "7C": 1}
    school.empty("terms")
    school.put(terms=[{**TERM, "ends": "2026-03-01"}])
    assert firing(school, "chapter_engagement") == firing(school, "chapter_time") == {"7B": 0, "7C": 0}
