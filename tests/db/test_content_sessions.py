"""Sessions, the use of the platform by day, places, pages, cohorts and the leaderboard, on both databases."""

from __future__ import annotations

from datetime import date

import pytest

from tests.db.conftest import NOW, Database
from tests.db.content import active_day, at, session, settle, write_content
from tests.db.memory import attempt

TODAY = date(2026, 3, 2)


@pytest.fixture
def day(database: Database) -> Database:
    """Four sessions of three students today, and one of the teacher."""
    write_content(database)
    database.put(
        "sessions_closed",
        session("ann", at(0), 600, events=20, pages=6),
        session("ann", at(60), 1200, device_type="mobile", browser="Safari"),
        session("ben", at(5), 0, events=1, pages=1, is_bounce=True, country_code="FR"),
        session("ben", at(5, days=-31), 900),
        session("miss", at(0), 5000),
    )
    database.put("sessions_open", session("cem", at(110), 300, country_code=None))
    database.put(
        "student_days",
        active_day("ann", 0, minutes=25),
        active_day("ben", 0, minutes=1),
        active_day("cem", 0, minutes=4),
        active_day("miss", 0, minutes=60),
        active_day("ann", -6),
        active_day("dia", -7),
        active_day("eva", -29),
        active_day("fay", -30),
    )
    counts = {"clicks": 7, "pages": 6, "searches": 1, "scrolls": 4, "scroll_sum": 2000, "interactions": 20}
    for student, share in (("ann", 1), ("ben", 0), ("cem", 1), ("miss", 9)):
        row = {name: value * share for name, value in counts.items()}
        database.put("student_click_days", {"day": TODAY, "student_id": student, "class_id": "7B", **row})
    settle(database)
    return database


def test_open_and_closed_sessions_are_one_list_without_staff(day: Database) -> None:
    columns = "student_id, session_start, session_id, session_end, duration_seconds, events, pages, is_bounce, is_open"
    query = f"SELECT {columns} FROM sessions WHERE session_start >= %s ORDER BY 2"
    assert day.values(query, at(0)) == [
        ("ann", at(0), "s-ann-020800", at(10), 600, 20, 6, False, False),
        ("ben", at(5), "s-ben-020805", at(5), 0, 1, 1, True, False),
        ("ann", at(60), "s-ann-020900", at(80), 1200, 5, 3, False, False),
        ("cem", at(110), "s-cem-020950", at(115), 300, 5, 3, False, True),
    ]


def test_a_day_has_its_users_sessions_clicks_and_scrolls(day: Database) -> None:
    query = "SELECT * FROM clickstream_analytics WHERE date = %s"
    (row,) = day.rows(query, TODAY)
    assert row == {
        "date": TODAY,
        "active_users": 3,
        "active_users_7d": 3,  # ann was there six days ago, but she is one
        "active_users_30d": 5,  # and dia and eva; not fay, thirty days ago
        "avg_session_duration": 600,  # of the three that are over
        "median_session_duration": 600,
        "click_frequency": 0.4667,  # 14 clicks in 30 active minutes
        "avg_scroll_depth": 50,
        "bounce_rate": 0.25,
        "sessions": 4,
        "clicks": 14,
        "pages": 12,
        "searches": 2,
        "scrolls": 8,
        "interactions": 27,
        "minutes_active": 30,
        "as_of": NOW,
    }


def test_days_without_anybody_still_have_users_of_the_last_7_and_30_days(day: Database) -> None:
    query = "SELECT date, active_users, active_users_7d, active_users_30d FROM clickstream_analytics"
    found = {row[0]: row[1:] for row in day.values(query)}
    assert len(found) == 31
    assert found[date(2026, 1, 31)] == (1, 1, 1)
    assert found[date(2026, 2, 7)] == (0, 1, 2)
    assert found[date(2026, 2, 8)] == (0, 0, 2)
    assert found[date(2026, 2, 24)] == (1, 2, 4)
    assert found[date(2026, 3, 1)] == (0, 2, 4)


def test_an_open_session_is_no_bounce_and_has_no_length_yet(database: Database) -> None:
    database.put("sessions_open", *(session(f"s{n}", at(110), 0, events=1, pages=1, is_bounce=True) for n in range(7)))
    database.put("student_days", active_day("s0", 0))
    settle(database)
    assert database.value("SELECT count(*) FROM sessions WHERE is_bounce") == 0
    columns = "sessions, bounce_rate, avg_session_duration"
    assert database.values(f"SELECT {columns}, median_session_duration FROM clickstream_analytics") == [
        (7, 0, None, None)
    ]
    assert database.values(f"SELECT {columns} FROM geography") == [(7, 0, None)]
    assert database.values(f"SELECT DISTINCT {columns} FROM device_summary") == [(7, 0, None)]
    database.put("sessions_closed", session("s8", at(100), 90))
    settle(database)
    assert database.values(f"SELECT {columns} FROM clickstream_analytics") == [(8, 0, 90)]


def test_silent_days_up_to_today_have_nobody(database: Database) -> None:
    database.put("student_days", *(active_day(f"s{n}", -40) for n in range(10)))
    settle(database)
    query = "SELECT active_users, active_users_7d, active_users_30d FROM clickstream_analytics ORDER BY date"
    found = database.values(query)
    assert len(found) == 41
    assert [found[0], found[6], found[7], found[29], found[30], found[40]] == [
        (10, 10, 10),
        (0, 10, 10),
        (0, 0, 10),
        (0, 0, 10),
        (0, 0, 0),
        (0, 0, 0),
    ]


def test_staff_count_in_no_day_and_no_class_score(database: Database) -> None:
    write_content(database)
    database.put("student_days", active_day("ann", 0, 20), active_day("miss", 0, 40))
    scores = {"recency": 1, "intensity": 1, "duration": 1, "streak": 1, "class_id": "7B", "time": at(0)}
    for student, score in (("ann", 0.2), ("miss", 1)):
        database.put("engagement_scores", {"student_id": student, "score": score, **scores})
    for user, score in (("ann", 60), ("miss", 100)):
        database.put("quiz_attempts", attempt(user, at(0), score, "quiz"))
    settle(database)
    assert database.values("SELECT active_students, minutes_active FROM daily_activity") == [(1, 20)]
    assert database.values("SELECT score, students FROM engagement_by_class") == [(20, 1)]
    assert database.values("SELECT student_id FROM student_engagement") == [("ann",)]
    assert database.values("SELECT attempts, average_score FROM module_performance") == [(1, 60)]
    database.connection.execute("DELETE FROM class_staff")
    settle(database)
    assert database.values("SELECT score, students FROM engagement_by_class") == [(60, 2)]


def test_active_users_are_those_that_a_plain_count_finds(database: Database) -> None:
    for number in range(120):
        database.put("student_days", active_day(f"s{number % 17}", -((number * 7) % 83)))
    settle(database)
    plain = """
        SELECT d.day,
               (SELECT count(DISTINCT student_id) FROM student_days WHERE day = d.day),
               (SELECT count(DISTINCT student_id) FROM student_days WHERE day BETWEEN d.day - 6 AND d.day),
               (SELECT count(DISTINCT student_id) FROM student_days WHERE day BETWEEN d.day - 29 AND d.day)
        FROM (SELECT generate_series(min(day)::timestamp, '2026-03-02', '1 day')::date AS day FROM student_days) d
        ORDER BY 1"""
    query = "SELECT date, active_users, active_users_7d, active_users_30d FROM clickstream_analytics ORDER BY 1"
    assert database.values(query) == database.values(plain)


def test_sessions_of_30_days_are_counted_by_country_device_and_browser(day: Database) -> None:
    countries = "SELECT country_code, students, sessions, share, avg_session_duration, bounce_rate FROM geography"
    assert day.values(f"{countries} ORDER BY 1") == [
        ("DE", 1, 2, 0.5, 900, 0),
        ("FR", 1, 1, 0.25, 0, 1),
        (None, 1, 1, 0.25, None, 0),  # goes on
    ]
    assert day.values("SELECT kind, name, students, sessions, share FROM device_summary ORDER BY 1, 2") == [
        ("browser", "Firefox", 3, 3, 0.75),
        ("browser", "Safari", 1, 1, 0.25),
        ("device", "desktop", 3, 3, 0.75),
        ("device", "mobile", 1, 1, 0.25),
    ]


def test_pages_are_summed_over_tasks(database: Database) -> None:
    tenths = {f"s{tenth}": tenth for tenth in range(10)}
    for task in (0, 1):
        row = {"day": TODAY, "page_url": "/a", "task": task, "views": 5, "students": 2, "scrolls": 45}
        database.put("page_days", {**row, **tenths})
    database.put("page_days", {**row, "page_url": "/b", **tenths})
    assert database.values("SELECT page_url, views, students, scrolls FROM top_pages ORDER BY views DESC") == [
        ("/a", 10, 4, 90),
        ("/b", 5, 2, 45),
    ]
    query = "SELECT day, tenth, scrolls FROM scroll_distribution WHERE page_url = '/a' ORDER BY 2"
    assert database.values(query) == [(TODAY, tenth, 2 * tenth) for tenth in range(10)]


def test_the_leaderboard_ranks_the_active_minutes_of_seven_days(database: Database) -> None:
    write_content(database)
    database.put(
        "student_days",
        active_day("ann", 0, 10),
        active_day("ann", -6, 20),
        active_day("ann", -7, 500),  # too long ago
        active_day("ben", -1, 30),
        active_day("cem", 0, 40, class_id="7C"),
        active_day("dia", 0, 0),
        active_day("miss", 0, 99),
    )
    columns = "student_id, class_id, minutes_active, minutes_today, active_days, place, place_in_class"
    assert database.values(f"SELECT {columns} FROM leaderboard ORDER BY place, student_id") == [
        ("cem", "7C", 40, 40, 1, 1, 1),
        ("ann", "7B", 30, 10, 2, 2, 1),
        ("ben", "7B", 30, 0, 1, 2, 1),
    ]


def test_cohorts_of_a_week_of_enrolment_are_followed_week_by_week(database: Database) -> None:
    write_content(database)
    for student, days in (("ann", -14), ("ben", -8), ("cem", -1), ("miss", -14)):
        row = {"student_id": student, "course_id": "algebra", "class_id": "7B", "enrolled_at": at(0, days=days)}
        database.put("enrolments", row, {**row, "course_id": "history", "enrolled_at": at(0)})
    active = [("ann", -14), ("ann", -13), ("ben", -10), ("ben", -7), ("ann", 0), ("cem", 0), ("ben", -20)]
    database.put("student_days", *(active_day(student, day) for student, day in active))
    settle(database)
    query = "SELECT cohort_week, week_number, students, active_students, retention FROM cohort_retention ORDER BY 1, 2"
    assert database.values(query) == [
        (date(2026, 2, 16), 0, 2, 2, 1),
        (date(2026, 2, 16), 1, 2, 1, 0.5),
        (date(2026, 2, 16), 2, 2, 1, 0.5),
        (date(2026, 2, 23), 0, 1, 0, 0),
        (date(2026, 2, 23), 1, 1, 1, 1),
    ]
