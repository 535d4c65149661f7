"""Courses by student and day, profiles, enrolments: every column of requirement 003 by hand, on both databases."""

from __future__ import annotations

from datetime import date

import pytest

from tests.db.conftest import NOW, Database
from tests.db.content import active_day, at, milestone, session, settle, view, visit, write_content
from tests.db.memory import attempt

TODAY = date(2026, 3, 2)


@pytest.fixture
def day(database: Database) -> Database:
    """Ann's Monday in algebra and her Friday before; Ben, who was enrolled and never came; Cem, who left."""
    write_content(database)
    algebra = {"course_id": "algebra", "class_id": "7B"}
    database.put(
        "enrolments",
        {"student_id": "ann", **algebra, "enrolled_at": at(0, days=-20)},
        {"student_id": "ann", "course_id": "history", "enrolled_at": at(0, days=-30)},
        {"student_id": "ben", **algebra, "enrolled_at": at(0, days=-10)},
        {"student_id": "cem", **algebra, "enrolled_at": at(0, days=-10), "left_at": at(0, days=-5)},
    )
    database.put(
        "chapter_visit_facts",
        visit("ann", "a1", at(0, days=-3), 90, scroll_depth=100),
        visit("ann", "a1", at(0), 200, scroll_depth=60),
        visit("ann", "a2", at(5), 400),
        visit("ann", "h1", at(12), 50, course_id="history"),
        visit("miss", "a1", at(0), 50),
    )
    database.put(
        "video_views",
        view("ann", "v1", at(6), watched_seconds=100.0, watch_pct=50.0, avg_playback_rate=2.0),
        view("ann", "v1", at(8), watched_seconds=100.0, watch_pct=25.5),
    )
    database.put(
        "quiz_attempts",
        attempt("ann", at(13), 65, "quiz", time_taken_seconds=40.0),  # 60 passes
        attempt("ann", at(14), 50.5, "quiz", time_taken_seconds=None),
    )
    database.put(
        "milestones",
        milestone("ann", "course_enroll", at(0, days=-20), price=49.9),
        milestone("ann", "lesson_start", at(1), chapter_id="a2", item_id="l1"),
        milestone("ann", "lesson_start", at(2), chapter_id="a2", item_id="l1"),
        milestone("ann", "lesson_complete", at(9), chapter_id="a2", item_id="l1"),
        milestone("ann", "quiz_submit", at(13), item_id="quiz"),
        milestone("ann", "assignment_submit", at(14), item_id="essay"),
        milestone("ann", "course_complete", at(0, days=-10), course_id="history"),
    )
    database.put("sessions_closed", session("ann", at(0, days=-3), 120), session("ann", at(0), 1000))
    database.put("sessions_closed", session("ann", at(70), 600))  # nothing of algebra happened in it
    days = [(0, 20), (-3, 5), (-4, 9), (-6, 1)]  # Monday, Friday, Thursday, Tuesday
    database.put("student_days", *(active_day("ann", number, minutes) for number, minutes in days))
    settle(database)
    return database


def test_a_students_day_in_a_course_has_every_column(day: Database) -> None:
    rows = day.rows("SELECT * FROM student_course_metrics WHERE course_id = 'algebra' ORDER BY metric_date")
    assert rows == [
        {
            "student_id": "ann",
            "course_id": "algebra",
            "metric_date": date(2026, 2, 27),
            "completion_pct": 25,  # a1 was read to its end
            "lessons_completed": 0,
            "lessons_started": 0,
            "total_lessons": 4,
            "time_spent_total": 90,
            "time_spent_video": 0,
            "time_spent_reading": 90,
            "time_spent_quiz": 0,
            "sessions_count": 1,
            "avg_session_duration": 120,
            "videos_watched": 0,
            "video_watch_pct_avg": None,
            "quizzes_attempted": 0,
            "quizzes_passed": 0,
            "quiz_avg_score": None,
            "assignments_submitted": 0,
            "last_activity_at": at(1.5, days=-3),
            "streak_days": 2,
        },
        {
            "student_id": "ann",
            "course_id": "algebra",
            "metric_date": TODAY,
            "completion_pct": 75,  # and a2, and the quiz
            "lessons_completed": 1,
            "lessons_started": 1,
            "total_lessons": 4,
            "time_spent_total": 600,
            "time_spent_video": 150,  # 50 s at double speed, 100 s
            "time_spent_reading": 410,
            "time_spent_quiz": 40,
            "sessions_count": 1,
            "avg_session_duration": 1000,
            "videos_watched": 1,
            "video_watch_pct_avg": 37.75,
            "quizzes_attempted": 2,
            "quizzes_passed": 1,
            "quiz_avg_score": 57.75,
            "assignments_submitted": 1,
            "last_activity_at": at(14),
            "streak_days": 3,  # the weekend between does not break it
        },
    ]


def test_a_course_that_was_completed_is_complete_whatever_its_items(day: Database) -> None:
    query = "SELECT course_id, completion_pct FROM student_course_metrics WHERE metric_date = %s ORDER BY 1"
    assert day.values(query, TODAY) == [("algebra", 75), ("history", 100)]
    columns = "course_id, finished_items, total_items, completion_pct, completed_at, last_activity_at"
    assert day.values(f"SELECT {columns} FROM student_course_completion WHERE student_id = 'ann' ORDER BY 1") == [
        ("algebra", 3, 4, 75, None, at(14)),
        ("history", 0, None, 100, at(0, days=-10), at(12 + 50 / 60)),
    ]


def test_a_profile_has_every_column(day: Database) -> None:
    (row,) = day.rows("SELECT * FROM student_analytics_profiles WHERE student_id = 'ann'")
    assert row == {
        "student_id": "ann",
        "first_enrollment_at": at(0, days=-30),
        "total_enrollments": 2,
        "active_enrollments": 1,
        "completed_courses": 1,
        "dropped_courses": 0,
        "total_time_spent_hours": 0.2056,  # 740 s
        "avg_daily_minutes": 3.0833,  # on four days
        "preferred_hour": 8,
        "preferred_day": "Monday",
        "avg_course_completion_days": 20,
        "learning_consistency_score": 0.2,  # three days last week, of the five over since the enrolment
        "overall_avg_score": 57.75,
        "quiz_accuracy": 50,
        "at_risk_score": 0,
        "last_activity_at": at(80),
        "days_since_active": 0,
        "updated_at": NOW,
    }


def test_students_who_never_came_have_profiles_and_staff_have_none(day: Database) -> None:
    columns = "student_id, total_enrollments, active_enrollments, dropped_courses, last_activity_at, days_since_active"
    query = f"SELECT {columns}, total_time_spent_hours FROM student_analytics_profiles ORDER BY 1"
    assert day.values(query)[1:] == [("ben", 1, 1, 0, None, None, 0), ("cem", 1, 0, 1, None, None, 0)]


def test_days_since_active_are_counted_when_asked(day: Database) -> None:
    query = "SELECT days_since_active FROM student_analytics_profiles WHERE student_id = 'ann'"
    for minutes, days in ((80 + 1439, 0), (80 + 1440, 1), (80 + 9 * 1440, 9)):
        day.watermark(at(minutes))
        assert day.value(query) == days


def test_consistency_counts_weeks_of_the_term_with_two_active_days(database: Database) -> None:
    write_content(database)
    database.put("terms", {"term_id": "t", "starts": date(2026, 2, 2), "ends": date(2026, 3, 20)})
    days = [-35, -34, -27, -26, -20, -13, -12, 0]  # one week before the term; then 2, 1, 2, 0 and 1 day
    database.put("student_days", *(active_day("ann", number) for number in days))
    database.put("sessions_closed", session("ann", at(0), 60))
    query = "SELECT learning_consistency_score FROM student_analytics_profiles"
    assert database.value(query) == 0.5
    database.put("student_days", active_day("ann", 1))
    assert database.value(query) == 0.6


@pytest.mark.parametrize(
    ("days", "streak"),
    [
        ([0], 1),
        ([0, -3], 2),  # Friday
        ([0, -2, -3], 3),  # Saturday counts where it was used
        ([0, -4], 1),  # Friday is missing
        ([0, -3, -4, -5, -6, -7, -10], 7),
        ([0, -1, -2], 3),
    ],
)
def test_a_streak_skips_empty_weekends_only(database: Database, days: list[int], streak: int) -> None:
    database.put("student_days", *(active_day("ann", number) for number in days))
    assert database.value("SELECT streak_days FROM student_streaks WHERE day = %s", TODAY) == streak


def test_enrolments_and_revenue_are_counted_by_day_and_course(day: Database) -> None:
    day.put(
        "milestones",
        milestone("ben", "course_enroll", at(0, days=-20), price=0.1),
        milestone("cem", "course_enroll", at(0, days=-20)),
        milestone("cem", "course_unenroll", at(0, days=-5)),
        milestone("miss", "course_enroll", at(0, days=-20), price=99),
    )
    columns = "day, course_id, enrolments, unenrolments, completions, paid_enrolments, revenue"
    assert day.values(f"SELECT {columns} FROM enrolment_revenue ORDER BY 1") == [
        (date(2026, 2, 10), "algebra", 3, 0, 0, 2, 50),
        (date(2026, 2, 20), "history", 0, 0, 1, 0, 0),
        (date(2026, 2, 25), "algebra", 0, 1, 0, 0, 0),
    ]
