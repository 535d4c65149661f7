"""The queries of the chapters board, as Grafana sends them, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bench.chapters import PANELS, SHOWN
from grafana import queries
from grafana.macros import expanded
from tests.db.conftest import Database
from tests.db.content import at, item, settle, visit, write_content


@pytest.fixture
def week(database: Database) -> Database:
    """Two courses: algebra on Monday and a week before, history on Monday; 10 students stay, or leave a2 unread."""
    write_content(database)
    database.put("content_items", {**item("h1", 1), "course_id": "history", "title": None})
    for number in range(10):
        student = f"s{number}"
        database.put(
            "chapter_visit_facts",
            visit(student, "a1", at(number), 100 + 10 * number, raw_seconds=500, scroll_depth=100),
            visit(student, "a2", at(0, days=-14), 30, scroll_depth=30 if number < 4 else 80),
            visit(student, "h1", at(60 + number), 20, course_id="history"),
        )
    settle(database)
    return database


def queried(database: Database, panel: str, course: Sequence[str] | None = None) -> list[tuple[Any, ...]]:
    """Returns what a panel shows of the last 24 hours."""
    sql = queries.load(f"chapters/{panel}", **SHOWN)
    choice = None if course is None else {"course": course}
    database.connection.execute("SET ROLE classpulse_reader_teacher")
    rows = database.values(expanded(sql, choice, time_range=(at(-1440), at(1440))).replace("%", "%%"))
    database.connection.execute("RESET ROLE")
    return rows


def test_time_is_ranked_by_chapter_with_what_was_cut(week: Database) -> None:
    assert queried(week, "time") == [
        ("A1", 1450, 3550, 10, "Algebra", "a1"),
        ("h1", 200, 0, 10, "history", "h1"),
    ]
    assert queried(week, "time", ["history"]) == [("h1", 200, 0, 10, "history", "h1")]


def test_boxes_show_where_most_visits_lie(week: Database) -> None:
    (box,) = queried(week, "distribution", ["algebra"])
    assert box[0] == "A1"
    assert box[1:6] == pytest.approx((104.5, 122.5, 145, 167.5, 185.5))
    assert box[6:] == (10, "a1")


def test_averages_stand_beside_medians_and_expected_times(week: Database) -> None:
    week.put("chapter_visit_facts", visit("late", "h1", at(90), 1000, course_id="history"))
    settle(week)
    assert queried(week, "average_median", ["history"]) == [("h1", 109.1, 20, None, 11, "h1")]
    assert queried(week, "average_median", ["algebra"]) == [("A1", 145, 145, 100, 10, "a1")]


def test_the_highest_drop_comes_first(week: Database) -> None:
    rows = [row[:4] for row in queried(week, "highest_drop")]
    assert rows == [("A2", 0.4, 10, 30), ("A1", 0, 10, 145)]


def test_courses_are_compared(week: Database) -> None:
    assert queried(week, "courses") == [
        ("Algebra", 1450, 10, 145, 145, 0.2, 10),
        ("history", 200, 10, 20, 20, None, 10),
    ]


def test_hours_of_the_week_add_up_the_time(week: Database) -> None:
    assert queried(week, "hours") == [(1, 8, 1450, 10), (1, 9, 200, 10)]


@pytest.mark.parametrize("panel", PANELS)
def test_an_empty_database_gives_no_rows(database: Database, panel: str) -> None:
    assert queried(database, panel) == []
