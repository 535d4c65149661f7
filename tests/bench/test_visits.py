"""The load of `bench chapters`: a school's visits are what they say."""

from __future__ import annotations

import polars as pl

from bench.visits import CHAPTERS, COLUMNS, FIRST_DAY, School, expected_seconds, items, visits

SCHOOL = School(0.001, 2)


def test_a_day_has_its_visits_in_the_order_of_their_start() -> None:
    frame = pl.concat(visits(SCHOOL, expected_seconds(SCHOOL), 1, seed=1))
    assert frame.columns == [column.replace("time_spent_seconds", "spent").replace("raw_seconds", "raw").replace(
        "scroll_depth", "scroll") for column in COLUMNS.split(", ")]  # fmt: skip
    assert len(frame) == SCHOOL.visits_a_day == 5000
    assert frame["start_time"].is_sorted()
    first, last = frame["start_time"].min(), frame["start_time"].max()
    assert str(first)[:10] == str(last)[:10] == f"{FIRST_DAY.date().replace(day=24)}"
    assert frame["event_id"].n_unique() == len(frame)
    assert 30 < frame["scroll"].mean() < 100  # type: ignore[operator]


def test_every_visited_chapter_is_an_item_and_a_student_has_six_courses() -> None:
    expected = expected_seconds(SCHOOL)
    known = items(expected)
    assert len(known) == SCHOOL.courses * CHAPTERS
    frame = pl.concat(visits(SCHOOL, expected, 0, seed=1))
    assert set(frame["chapter_id"]) <= set(known["item_id"])
    assert frame.group_by("student_id").agg(pl.col("course_id").n_unique())["course_id"].max() <= 6  # type: ignore[operator]


def test_the_same_seed_gives_the_same_visits() -> None:
    expected = expected_seconds(SCHOOL)
    assert next(visits(SCHOOL, expected, 0, seed=3)).equals(next(visits(SCHOOL, expected, 0, seed=3)))
    assert not next(visits(SCHOOL, expected, 0, seed=3)).equals(next(visits(SCHOOL, expected, 0, seed=4)))
