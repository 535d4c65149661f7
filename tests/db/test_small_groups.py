"""Who sees no student gets no number of few: not as a cell, not as a difference of cells, not as a share."""

from __future__ import annotations

from typing import Any

import pytest

from db.access.logins import search_path
from db.access.rules import Cells
from db.access.views import school_columns, school_view
from tests.db.conftest import Database, ago

K = 10
SIZES = {"7A": 25, "7B": 12, "7C": 3, "8A": 14}
COUNTRIES = {"DE": 30, "FR": 12, "PL": 11, "LI": 2}


@pytest.fixture
def school(database: Database) -> Database:
    """Four classes, all there now, and their sessions from four countries; one class and one country are small."""
    number = 0
    countries = [country for country, count in COUNTRIES.items() for _ in range(count)]
    for class_id, size in SIZES.items():
        database.put("classes", {"class_id": class_id, "grade": class_id[0]})
        for _ in range(size):
            student, number = f"s{number}", number + 1
            database.put("enrolments", {"student_id": student, "course_id": "math", "class_id": class_id})
            database.student(student, ago(60), class_id=class_id, chapter_id="ch1", device="phone")
    for place, country in enumerate(countries):
        database.put(
            "sessions_closed",
            {
                "session_start": ago(minutes=60),
                "session_id": f"x{place}",
                "student_id": f"s{place}",
                "session_end": ago(minutes=50),
                "duration_seconds": 600,
                "events": 3,
                "pages": 2,
                "is_bounce": False,
                "country_code": country,
                "task": 0,
            },
        )
    if database.value("SELECT count(*) FROM pg_proc WHERE proname = 'refresh_summaries'"):
        database.connection.execute("CALL refresh_summaries()")
    return database


def seen(database: Database, role: str, query: str) -> list[tuple[Any, ...]]:
    """Returns what a reader gets."""
    database.connection.execute(f"SET ROLE {role}; SET search_path = {search_path(role)}".encode())
    try:
        return database.values(query)
    finally:
        database.connection.execute("RESET ROLE; RESET search_path")


@pytest.mark.parametrize("role", ["classpulse_reader_school", "classpulse_reader_ops"])
def test_small_classes_and_countries_are_not_there(school: Database, role: str) -> None:
    classes = seen(school, role, "SELECT class_id, enrolled FROM class_overview ORDER BY 1")
    assert classes == [("7A", 25), ("7B", 12), ("8A", 14)]
    assert seen(school, role, "SELECT count(*) FROM active_now WHERE scope_id = '7C' OR scope <> 'class'") == [(0,)]
    assert "LI" not in {country for (country,) in seen(school, role, "SELECT country_code FROM geography")}
    for view in ("present_now", "activity", "engagement_by_class", "class_students", "daily_activity"):
        with pytest.raises(Exception, match="permission denied"):
            seen(school, role, f"SELECT * FROM {view}")


def test_no_total_gives_a_small_cell_away(school: Database) -> None:
    """The attacker knows the whole (55 students with a country) and subtracts whatever is published."""
    whole = sum(COUNTRIES.values())
    published = dict(seen(school, "classpulse_reader_school", "SELECT country_code, students FROM geography"))
    assert set(published) == {"DE", "FR"}  # PL went with LI, or LI were what is left
    hidden = whole - sum(published.values())
    assert hidden >= K
    assert hidden not in COUNTRIES.values()


def test_shares_and_parts_tell_of_no_few(school: Database) -> None:
    leaving = "UPDATE student_state SET last_event_at = %s, last_interaction_at = %s WHERE student_id = ANY(%s)"
    school.connection.execute(leaving, (ago(days=1), ago(days=1), ["s0", "s1", "s2"]))  # three of 7A
    query = "SELECT class_id, present, absent, active_students, engagement_score IS NULL FROM class_overview ORDER BY 1"
    assert seen(school, "classpulse_reader_teacher", query)[0][:3] == ("7A", 22, 3)
    assert seen(school, "classpulse_reader_school", query) == [
        ("7A", None, None, None, False),  # 25 - 22 would say who stayed away: three
        ("7B", None, None, None, False),  # all of 12, so none is away
        ("8A", None, None, None, False),
    ]


def test_a_share_stops_k_students_short_of_none_and_of_all(school: Database) -> None:
    rule = Cells("students", parts=("failed",), shares=(("rate", "students"),))
    shown = school_columns(rule)
    rows = school.values(
        f"SELECT students, {shown['failed']}, {shown['rate']}"
        " FROM (VALUES (40::bigint, 1::bigint, 0.025::double precision), (40, 20, 0.5), (40, 40, 1), (15, 7, 0.4667)) t"
        " (students, failed, rate)"
    )
    assert rows == [(40, None, 0.25), (40, 20, 0.5), (40, None, 0.75), (15, None, None)]


@pytest.mark.parametrize(
    ("sizes", "published"),
    [
        ([3, 12, 20], [20]),  # one is few: the next goes too
        ([6, 7, 12, 20], [12, 20]),  # two that are few are enough together
        ([3, 4, 12, 20], [20]),  # two that are few, and few together
        ([12, 20], [12, 20]),
        ([3], []),
    ],
)
def test_a_second_cell_goes_where_one_could_be_told(database: Database, sizes: list[int], published: list[int]) -> None:
    database.connection.execute("CREATE TABLE cells (name text, students bigint)")
    for place, size in enumerate(sizes):
        database.put("cells", {"name": f"c{place}", "students": size})
    query = school_view("cells", Cells("students", within=()))
    assert sorted(row["students"] for row in database.rows(f"{query}")) == published
