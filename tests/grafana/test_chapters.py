"""Every panel of Chapters & Content gives the known term's answer, on both databases, as a teacher's reader."""

from __future__ import annotations

from typing import Any

from grafana.committed import variable
from tests.db import content
from tests.grafana import known_term
from tests.grafana.conftest import School
from tests.grafana.known_term import MONTH, at
from tests.grafana.shown import Rows

BOARD = "chapters"


def panel(school: School, title: str, **chosen: list[str]) -> Rows:
    return school.on(BOARD, title, MONTH, **chosen)


def test_the_sentence_says_what_there_is_and_why_there_is_nothing(term: School) -> None:
    [(said,)] = panel(term, "What you are looking at")
    assert said.startswith("Up to date: 6 visits of 3 chapters in 2 courses, 0.2 hours that count.")
    [(said,)] = panel(term, "What you are looking at", course=["latin"])
    assert said.startswith("Nothing to show: nobody visited a chapter of this choice in the chosen time.")


def test_without_any_event_the_sentence_says_so(empty_school: School) -> None:
    [(said,)] = panel(empty_school, "What you are looking at")
    assert said.startswith("No data yet")


def test_time_counts_only_visits_of_the_chosen_time_beside_what_was_cut(term: School) -> None:
    # ch1: 100 + 200 + 300 + 60, of which ann had 160 open; the visit of 40 days ago is out of the range
    assert [row[:4] for row in panel(term, "Time per chapter")] == [
        ("Fractions", 660, 60, 4),
        ("a1", 60, 0, 1),
        ("Decimals", 40, 0, 1),
    ]


def test_average_and_median_stand_beside_the_expected_time(term: School) -> None:
    rows = panel(term, "Average, median and expected time of a visit", course=["math"])
    assert [row[:5] for row in rows] == [("Fractions", 165, 150, 100, 4), ("Decimals", 40, 40, None, 1)]
    [(_, *spread, visits, _id)] = panel(term, "How long visits take", course=["math"])[:1]
    assert (spread, visits) == ([66, 90, 150, 225, 285], 4)


def test_chapters_that_share_a_title_name_their_course(term: School) -> None:
    term.put(content_items=[{**content.item("a1", 1), "course_id": "art", "title": "Fractions"}])
    assert [row[0] for row in panel(term, "Time per chapter")] == ["Fractions · math", "Fractions · art", "Decimals"]


def test_a_course_is_called_by_its_title_everywhere(term: School) -> None:
    term.put(content_items=[known_term.item("math", 0, kind="course", title="Mathematics")])
    assert [row[0] for row in panel(term, "Courses compared")] == ["Mathematics", "art"]
    assert panel(term, "Where those who left stopped") == [("Fractions", 1, 1, "Mathematics")]
    assert term.ask(variable("chapters", "course")["query"]) == [("math", "Mathematics"), ("art", "art")]


def test_courses_are_compared(term: School) -> None:
    # drop-off: of math's five pairs of student and chapter cem's alone was left
    assert panel(term, "Courses compared") == [("math", 700, 5, 140, 100, 0.2, 4), ("art", 60, 1, 60, 60, None, 1)]


def test_those_who_left_stopped_at_their_last_chapter(term: School) -> None:
    assert panel(term, "Where those who left stopped") == [("Fractions", 1, 1, "math")]


def test_small_chapters_are_not_judged_and_larger_ones_are(term: School) -> None:
    assert panel(term, "Chapters that students leave") == []
    term.put(
        chapter_visit_facts=[
            content.visit(f"x{n}", "ch2", at(8, -20), 30, course_id="math", scroll_depth=20 if n < 5 else 90)
            for n in range(9)
        ]
    )
    term.settle()
    [row] = panel(term, "Chapters that students leave")
    assert row[:3] == ("Decimals", 0.5, 10)  # five of nine, and ann was here today


def test_the_week_adds_time_by_weekday_and_hour(term: School) -> None:
    assert [row[:3] for row in panel(term, "When students study")] == [(1, 8, 300), (1, 9, 400), (2, 8, 60)]


def test_videos_have_their_median_their_repeats_and_their_curve(term: School) -> None:
    [(video, *numbers)] = panel(term, "Videos")
    assert (video, [round(n, 4) if isinstance(n, float) else n for n in numbers]) == (
        "v1",
        [50, 0.3333, 3, 3, 0.0789, 1, 1, 200, "math"],  # watched again: 30 of 380 seconds
    )
    curve = panel(term, "How far videos are watched")
    assert [row[1] for row in curve] == [1] * 5 + [0.6667] * 5 + [0.3333] * 10
    assert {row[0]: row[2] for row in curve if row[2]} == {"15 %": 0.6667, "20 %": 0.3333}
    assert panel(term, "How far videos are watched", video=["v2"]) == []


def test_a_place_that_is_watched_again_stands_out_once_there_are_enough_views(term: School) -> None:
    assert panel(term, "Watched again and again") == []
    more: list[dict[str, Any]] = [
        content.view(f"x{n}", "v1", at(9), course_id="math", bins=2**20 - 1, rewatched_bins=0b1000) for n in range(7)
    ]
    term.put(video_views=more)
    term.settle()
    assert panel(term, "Watched again and again") == [("v1", 30, 0.9, 10)]


def test_the_videos_to_choose_are_those_of_the_course(term: School) -> None:
    sql = "SELECT video_id FROM video_summary WHERE ('__all' IN ({0}) OR course_id IN ({0})) ORDER BY 1"
    assert term.ask(sql.format("'math'")) == [("v1",)]
    assert term.ask(sql.format("'art'")) == []


def test_every_panel_answers_an_empty_database(empty_school: School) -> None:
    empty_school.answers_everywhere(BOARD, MONTH)
