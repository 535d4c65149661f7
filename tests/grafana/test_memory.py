"""Every panel of Quizzes & Memory gives the known term's answer, on both databases, as a teacher's reader."""

from __future__ import annotations

from datetime import timedelta
from math import exp

import pytest

from tests.chance import chance
from tests.grafana.conftest import School
from tests.grafana.known_day import NOW
from tests.grafana.known_term import MONTH, at, review
from tests.grafana.shown import Rows

BOARD = "memory"
# retention: exp(-4.042 d / 12.80 d) of eva's 100
BEN, EVA, ANN = chance(60, 0.1064), chance(100, 0.7293), chance(85, 0.9087)
AHEAD = (NOW - timedelta(days=14), NOW + timedelta(days=7))


def panel(school: School, title: str, **chosen: list[str]) -> Rows:
    return school.on(BOARD, title, MONTH, **chosen)


def test_the_sentence_says_what_there_is_and_why_there_is_nothing(term: School) -> None:
    [(said,)] = panel(term, "What you are looking at")
    assert said.startswith("Up to date: 3 students have 3 curves of 1 modules.")
    [(said,)] = panel(term, "What you are looking at", class_=["8A"])
    assert said.startswith("Nothing to show: no scored quiz of a module by these students.")


def test_all_students_together_are_shown_as_the_classes_one_by_one(term: School) -> None:
    for title, key in (("Revision queue", 5), ("Who forgets what, and by when", 3)):
        classes = [row for class_id in ("7B", "7C") for row in panel(term, title, class_=[class_id])]
        assert panel(term, title) == sorted(classes, key=lambda row: row[key])
        assert classes
    # a filter that leaves everybody in is not the same as none: these numbers are computed when asked
    assert panel(term, "Memory now", module=["m1"]) == panel(term, "Memory now")
    both = panel(term, "Forgetting risk, past and to come", class_=["7B", "7C"])
    assert both == panel(term, "Forgetting risk, past and to come")


def test_the_headline_counts_curves_and_what_is_due(term: School) -> None:
    # ben is long overdue, eva due, ann not yet
    [row] = panel(term, "Memory now")
    assert row == pytest.approx((3, 3, (BEN + EVA + ANN) / 3, 2, 1, 1 / 3), abs=1e-4)
    assert panel(term, "Memory now", class_=["7C"]) == [pytest.approx((1, 1, EVA, 1, 0, 0), abs=1e-4)]


def test_the_risk_steps_up_as_curves_fall_due_and_goes_on_if_nobody_revises(term: School) -> None:
    rows = {row[0]: row[1:] for row in term.on(BOARD, "Forgetting risk, past and to come", AHEAD)}
    expected = {
        -11: (None, None, None, None),
        -10: (0, 0, None, None),  # ben's quiz
        -9: (1, 0, None, None),
        -8: (1, 1, None, None),
        -4: (0.5, 0.5, None, None),  # eva's
        -1: (0.6667, 0.3333, None, None),  # ann's; eva's falls due
        0: (0.6667, 0.3333, 0.6667, 0.3333),
        1: (None, None, 1, 0.3333),  # ann's falls due
        2: (None, None, 1, 0.6667),  # eva's is long overdue
        4: (None, None, 1, 1),
    }
    assert {days: rows[at(0, days)] for days in expected} == expected
    assert (min(rows), max(rows)) == (at(0, -14), at(0, 7))


def test_a_later_review_takes_a_curve_back(term: School) -> None:
    term.put(memory_reviews=[review("ben", at(9, -5), 90, 2.5)])
    term.settle()
    rows = {row[0]: row[1] for row in term.on(BOARD, "Forgetting risk, past and to come", AHEAD)}
    assert [rows[at(0, days)] for days in (-6, -5, -4, -3)] == [1, 0, 0, 0.5]


def test_classes_and_modules_have_their_share_now_and_in_the_next_days(term: School) -> None:
    rows = panel(term, "Classes and modules at risk")
    assert [row[:2] for row in rows] == [("Class 7B", "Fractions quiz"), ("7C", "Fractions quiz")]
    assert rows[0][2] == pytest.approx((BEN + ANN) / 2, abs=1e-4)
    eva = [chance(100, 0.7293 * exp(-days / 12.80)) for days in (0, 1, 3, 7)]  # her curve goes on
    assert rows[1][2:6] == pytest.approx(tuple(eva), abs=1e-4)
    assert [row[6:9] for row in rows] == [(0.5, 2, 4), (0, 1, 1)]


def test_the_queue_holds_what_is_due_and_the_list_beside_it_what_comes(term: School) -> None:
    queue = panel(term, "Revision queue")
    assert [(row[0], row[3], row[5]) for row in queue] == [
        ("Ben", "high", pytest.approx(BEN, abs=1e-4)),
        ("Eva", "medium", pytest.approx(EVA, abs=1e-4)),
    ]
    [soon] = panel(term, "Who forgets what, and by when")
    assert (soon[:3], soon[3].date(), soon[4:6]) == (
        ("Ann", "Class 7B", "Fractions quiz"),
        at(0, 1).date(),
        (pytest.approx(ANN, abs=1e-4), 85),
    )
    assert panel(term, "Revision queue", class_=["7C"], module=["m2"]) == []


def test_modules_count_attempts_of_the_time_and_very_first_ones(term: School) -> None:
    # ann's first attempt at m1 was two months ago, so ben failed one of two
    assert [row[:5] for row in panel(term, "Module performance")] == [
        ("Decimals quiz", 1, 50, 1, 1),
        ("Fractions quiz", 3, 81.7, 2, 0.5),
    ]


def test_scores_are_spread_over_ten_bands(term: School) -> None:
    rows = panel(term, "How scores are spread")
    assert len(rows) == 10
    assert {row[0]: row[1:] for row in rows if any(row[1:])} == {
        "30-39": (0, 1),
        "50-59": (1, 0),
        "60-69": (1, 0),
        "80-89": (1, 0),
        "90-100": (1, 0),
    }


def test_failures_of_the_last_seven_days_are_by_class(term: School) -> None:
    assert [row[:5] for row in panel(term, "Failed in the last seven days")] == [
        ("Class 7B", "Decimals quiz", 1, 1, 1),
        ("7C", "Fractions quiz", 0, 0, 1),
        ("Class 7B", "Fractions quiz", 0, 0, 1),
    ]


def test_a_gap_is_what_faded_below_the_mark_before_the_next_module(term: School) -> None:
    [row] = panel(term, "Knowledge gaps")
    assert row == ("Class 7B", "Fractions quiz", "Decimals quiz", 1, 0.5, pytest.approx(70 - 60 * 0.1064, abs=0.01))


def test_every_panel_answers_an_empty_database(empty_school: School) -> None:
    empty_school.answers_everywhere(BOARD, MONTH)
