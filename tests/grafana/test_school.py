"""Every panel of School gives the known term's answer, on both databases, as a reader who sees no student."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from tests.grafana.conftest import ROLES, School
from tests.grafana.known_term import MONTH, at
from tests.grafana.shown import Rows

BOARD = "school"


def panel(school: School, title: str, **chosen: list[str]) -> Rows:
    return school.on(BOARD, title, MONTH, **chosen)


def test_the_headline_sums_the_time_and_shows_its_last_day(term: School) -> None:
    # enrolled: ann for 20 and ben; eva completed, cem left; today ann, ben and eva (tom teaches), and cem 20 days ago
    assert panel(term, "In the chosen time") == [(2, 1, 1, 20, 3, 3, 4)]
    assert panel(term, "In the chosen time", course=["art"])[0][:4] == (0, 0, 0, 0)


def test_days_are_shown_without_gaps(term: School) -> None:
    enrolments = {row[0]: row[1:] for row in panel(term, "Enrolments, completions, leavings")}
    assert len(enrolments) == 29
    assert {day: row for day, row in enrolments.items() if any(row)} == {
        at(0, -27): (2, 0, 0),
        at(0, -10): (0, 0, 1),
        at(0, -1): (0, 1, 0),
    }
    assert {row for row in panel(term, "Revenue") if row[1]} == {(at(0, -27), 20)}


def test_active_students_are_of_a_day_a_week_and_a_month(term: School) -> None:
    rows = {row[0]: row[1:] for row in panel(term, "Active students")}
    assert (rows[at(0, -20)], rows[at(0, -10)]) == ((1, 1, 1), (0, 0, 1))
    assert (rows[at(0, -3)], rows[at(0)]) == ((1, 1, 2), (3, 3, 4))


def test_cohorts_that_are_large_enough_are_followed(term: School) -> None:
    assert panel(term, "Who stays") == []
    students = [f"x{n}" for n in range(10)]
    term.put(
        enrolments=[
            {"student_id": student, "course_id": "math", "class_id": "7B", "enrolled_at": at(8, -7)}
            for student in students
        ],
        student_days=[
            {"day": at(0).date(), "student_id": student, "class_id": "7B", "minutes_active": 5, "interactions": 5}
            for student in students[:4]
        ],
    )
    term.settle()
    # with ann, whose enrolment has no date: her first day was in that week; she and four of the ten came in the next
    assert panel(term, "Who stays") == [("2026-02-23", 0, 0.0909), ("2026-02-23", 1, 0.4545)]


def test_courses_are_ranked_by_students(term: School) -> None:
    # 100 + 200 + 300 + 60 + 40, and 300 of the 999 s of long ago, of four students
    assert panel(term, "Largest courses") == [("math", 4, 250, 2, 1, 20), ("art", 1, 60, None, None, None)]
    assert panel(term, "Courses that lose most") == []  # none has ten students


def test_countries_devices_and_pages_are_counted(term: School) -> None:
    assert panel(term, "Countries") == [("AT", 1, 0.3333, 900, 0), ("DE", 1, 0.6667, 1200, 0)]
    assert panel(term, "Devices and browsers") == [
        ("Device", "Desktop", 2, 0.6667),
        ("Device", "Mobile", 1, 0.3333),
        ("Browser", "Firefox", 2, 0.6667),
        ("Browser", "Safari", 1, 0.3333),
    ]
    assert panel(term, "Top pages") == [("/home", 7), ("/quiz", 6)]


@pytest.mark.parametrize(
    ("first", "last"),
    # from Monday, 2 February: a week; two and days around; days of one week, of two; a week and days; a day
    [(0, 6), (-3, 15), (2, 4), (4, 8), (0, 12), (14, 14)],
)
def test_pages_of_any_days_are_the_sum_of_their_days(term: School, first: int, last: int) -> None:
    monday = at(0, -28)
    term.put(
        page_days=[
            {"day": (monday + timedelta(days=n)).date(), "page_url": "/home", "task": 2, "views": 10_000 + 2**n}
            | {"students": 1, "scrolls": 0}
            | {f"s{tenth}": 0 for tenth in range(10)}
            for n in range(16)
        ]
    )
    term.settle()
    span = (monday + timedelta(days=first, hours=9), monday + timedelta(days=last, hours=15))
    days = range(max(first, 0), last + 1)
    assert term.on(BOARD, "Top pages", span) == [("/home", sum(10_000 + 2**n for n in days))]
    weeks = term.ask("SELECT sum(views) FROM top_pages_by_week WHERE week = '2026-02-02'")
    assert weeks == [(70_127,)]


def test_days_say_what_was_added_to_them_later(term: School) -> None:
    assert panel(term, "Added late") == []
    when = at(0, -3)
    term.put(
        late_days=[
            {"flow": flow, "day": when.date(), "up_to_place": "{}", "added": added, "added_at": when}
            for flow, added in (("engagement", 12), ("content", 3))
        ]
    )
    assert panel(term, "Added late") == [(f"{when:%Y-%m-%d}", 12, 3, when)]


def test_the_sentence_says_how_many_days_there_are(term: School) -> None:
    [(said,)] = panel(term, "What you are looking at")
    assert said.startswith("Up to date: 21 days of use, the last one 2 Mar.")


def test_its_reader_sees_no_student(term: School) -> None:
    for view in ("student_names", "student_active_days", "student_streak", "sessions"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            term.answer(f"SELECT 1 FROM {view}", ROLES["School"])


def test_every_panel_answers_an_empty_database(empty_school: School) -> None:
    empty_school.answers_everywhere(BOARD, MONTH)
