"""Rows of `chapter_visit_facts`."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import polars as pl

from dataflows.content.frames import visit_rows
from dataflows.content.marks import FoldRules
from dataflows.content.visits import fold_visits
from dataflows.operators.frames import TextColumn
from tests.dataflows.content.marked import START, Event, View, explicit_of, marks_of, numbered, sessions_of

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
TEXTS = TextColumn(["ch1", "ch2", "math", "7B"])


def test_a_row_says_who_was_where_how_long_and_how_that_is_known() -> None:
    marks = marks_of(numbered([Event(0, "view", 0, course=2, class_code=3, scroll=455), Event(90_500, "end")]))
    views = explicit_of([View(100_000, 160_001, 1, id=9)])
    visits = fold_visits(marks, sessions_of(marks, FoldRules()), views, START + 9_999_999, FoldRules())
    rows = visit_rows(visits, pl.Series(["ada"]), TEXTS, 2)
    start = EPOCH + timedelta(milliseconds=START)
    assert rows.rows() == [
        (
            start,
            str(UUID(int=1)),
            "ada",
            "math",
            "ch1",
            "7B",
            start + timedelta(milliseconds=90_500),
            90.5,
            90.5,
            45.5,
            False,
            "clickstream",
            None,
            2,
        ),
        (
            start + timedelta(milliseconds=100_000),
            str(UUID(int=9)),
            "ada",
            None,
            "ch2",
            None,
            start + timedelta(milliseconds=160_001),
            60.001,
            60.001,
            None,
            False,
            "view",
            9,
            2,
        ),
    ]


def test_no_visits_give_no_rows() -> None:
    marks = marks_of([])
    nothing = fold_visits(marks, sessions_of(marks, FoldRules()), explicit_of([]), START, FoldRules())
    assert visit_rows(nothing, pl.Series([], dtype=pl.String), TEXTS, 0).is_empty()
