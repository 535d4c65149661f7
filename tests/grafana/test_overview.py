"""Every panel of Instructor Overview gives the known term's answer, on both databases, as a teacher's reader."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.db import content
from tests.grafana import known_term
from tests.grafana.conftest import School
from tests.grafana.known_term import MONTH, at
from tests.grafana.shown import Rows

BOARD = "overview"


def panel(school: School, title: str, **chosen: list[str]) -> Rows:
    return school.on(BOARD, title, MONTH, **chosen)


def test_the_sentence_counts_the_roster_or_says_that_there_is_none(term: School) -> None:
    [(said,)] = panel(term, "What you are looking at")
    assert said.startswith("Up to date: 6 students enrolled in 3 classes.")
    [(said,)] = panel(term, "What you are looking at", class_=["9Z"])
    assert said.startswith("Nothing to show: no roster for this choice.")


def test_classes_stand_side_by_side(term: School) -> None:
    # 7B: ann 60, ben 30 and cem 30 minutes of four enrolled; (85 + 35 + 60 + 50) / 4; dia is at risk
    assert panel(term, "Classes") == [
        ("7C", 1, 1, 1800, 100, 100, 0, "7C"),
        ("Class 7B", 4, 0.75, 1800, 0, 57.5, 1, "7B"),
        ("Class 8A", 1, 0, 0, None, None, 0, "8A"),
    ]
    assert [row[0] for row in panel(term, "Classes", grade=["8"])] == ["Class 8A"]


def test_classes_of_chosen_courses_count_those_who_take_them_and_their_quizzes(term: School) -> None:
    in_7b = ("Class 7B", 4, 0.75, 1800, 0, 57.5, 1, "7B")
    in_7c = ("7C", 1, 1, 1800, 100, 100, 0, "7C")
    assert panel(term, "Classes", course=["math"]) == [in_7c, in_7b]
    assert [row[:3] for row in panel(term, "Classes", course=["art"])] == [("Class 8A", 1, 0)]
    assert panel(term, "Classes", course=["math"], class_=["7B"]) == [in_7b]
    # ann takes both: she is one, her quiz of the other course counts where that is chosen
    term.put(enrolments=[{"student_id": "ann", "course_id": "geo", "class_id": "7B"}])
    term.put(quiz_attempts=[{**known_term.quiz("ann", at(9), 5, "g1"), "course": "geo"}])
    term.settle()
    # ann alone: an hour active, (85 + 5) / 2 where both count
    both = panel(term, "Classes", course=["math", "geo"])
    assert [row[:4] + row[5:6] for row in both] == [("7C", 1, 1, 1800, 100), ("Class 7B", 4, 0.75, 1800, 47)]
    [row] = panel(term, "Classes", course=["geo"])
    assert row[:4] + row[5:6] == ("Class 7B", 1, 1, 3600, 5)


def test_who_may_be_lost_is_shown_with_each_reason(term: School) -> None:
    # dia was never seen; fay's only trace is a visit, today; ben's last two scores are below the mark
    assert [row[:9] for row in panel(term, "Who may be lost, and why")] == [
        ("Dia", "Class 7B", "math", 0.8, "yes", "yes", None, None, None),
        ("Ben", "Class 7B", "math", 0.3, None, None, None, "yes", None),
    ]


def test_the_matrix_counts_students_by_class_and_reason(term: School) -> None:
    assert panel(term, "Risk matrix") == [
        ("Class 7B", 1, 1, 1, 0, 1, 0),
        ("7C", 0, 0, 0, 0, 0, 0),
        ("Class 8A", 0, 0, 0, 0, 0, 0),
    ]


def test_chapters_that_enough_students_leave_are_listed(term: School) -> None:
    assert panel(term, "Chapters that students leave") == []
    term.put(
        chapter_visit_facts=[
            content.visit(f"x{n}", "ch2", at(8, -20), 30, course_id="math", scroll_depth=20 if n < 5 else 90)
            for n in range(9)
        ]
    )
    term.settle()
    [row] = panel(term, "Chapters that students leave")
    assert row[:4] == ("Decimals", "math", 0.5, 10)


def test_who_reads_three_chapters_fast_and_does_not_pass_is_listed(term: School) -> None:
    title = "Read fast, and not passing"
    assert panel(term, title, class_=["7B"]) == []
    term.put(content_items=[known_term.item(f"x{n}", n, expected_seconds=100) for n in range(4)])

    def reads(student: str, chapter: int, seconds: float, days: float = -1) -> None:
        visited = known_term.visit(student, f"x{chapter}", at(9 + chapter, 0) + timedelta(days=days), seconds)
        term.put(chapter_visit_facts=[visited])

    for student in ("ben", "ann"):  # ann passed
        reads(student, 0, 24.9)
        reads(student, 1, 24.9)
    reads("ben", 2, 25)
    reads("ben", 3, 24.9, days=-8)
    reads("ann", 2, 24.9)
    term.settle()
    assert panel(term, title, class_=["7B"]) == []
    reads("ben", 3, 24.9)
    term.settle()
    [row] = panel(term, title, class_=["7B"])
    assert row[:6] == ("Ben", "Class 7B", "math", 3, 50, 70)
    assert panel(term, title, class_=["7C"]) == panel(term, title) == []
    reads("ben", 3, 60, days=-0.5)  # came back and took the time
    term.settle()
    assert panel(term, title, class_=["7B"]) == []


def test_assessments_are_those_of_the_chosen_classes(term: School) -> None:
    def bands(**chosen: list[str]) -> dict[str, tuple[int, ...]]:
        return {row[0]: row[1:] for row in panel(term, "How assessments went", **chosen) if any(row[1:])}

    assert bands() == {"50-59": (0, 1), "60-69": (0, 1), "80-89": (1, 0), "90-100": (1, 0)}
    assert bands(class_=["7C"]) == {"90-100": (1, 0)}


def test_attempts_of_whom_the_roster_has_in_no_class_are_those_of_their_last_class(term: School) -> None:
    seen = {"task": 0, "class_id": "7C", "last_event_at": at(0), "last_interaction_at": at(0), "last_event_name": "x"}
    term.put(
        enrolments=[{"student_id": "course-only", "course_id": "math"}],
        student_state=[{"student_id": student, **seen} for student in ("course-only", "of-no-roster")],
        quiz_attempts=[
            known_term.quiz(student, at(0, -1), score) for student, score in (("course-only", 15), ("of-no-roster", 25))
        ],
    )
    term.settle()
    rows = {row[0]: row[1:] for row in panel(term, "How assessments went", class_=["7C"]) if any(row[1:])}
    assert rows == {"10-19": (0, 1), "20-29": (0, 1), "90-100": (1, 0)}


def test_forum_posts_are_counted_by_day(term: School) -> None:
    rows: dict[datetime, int] = dict(panel(term, "Forum posts, day by day"))
    assert len(rows) == 29
    assert {day: posts for day, posts in rows.items() if posts} == {at(0): 2, at(0, -1): 1}
    assert sum(dict(panel(term, "Forum posts, day by day", class_=["7C"])).values()) == 1


def test_every_panel_answers_an_empty_database(empty_school: School) -> None:
    empty_school.answers_everywhere(BOARD, MONTH)
