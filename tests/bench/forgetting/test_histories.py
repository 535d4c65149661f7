"""Histories as a matrix: what counts, in which order, and what a forecast may see."""

from __future__ import annotations

import numpy as np
import polars as pl

from bench.forgetting.histories import Histories, histories, retained
from dataflows.scores.ebbinghaus import Ebbinghaus
from dataflows.scores.forgetting import DAY_MS

HOUR_MS = 3_600_000


def made(*rows: tuple[int, str, int, int, float]) -> Histories:
    return histories(pl.DataFrame(rows, ["student", "module", "at_ms", "id", "score"], orient="row"))


def test_the_first_review_of_a_day_counts_and_pairs_with_one_review_are_left_out() -> None:
    given = made(
        (1, "a", 5 * HOUR_MS, 2, 50.0),
        (1, "a", 5 * HOUR_MS, 1, 80.0),  # the same instant: the lower id counts
        (1, "a", 23 * HOUR_MS, 3, 10.0),  # the same day
        (1, "a", 3 * DAY_MS, 4, 60.0),
        (2, "a", DAY_MS, 5, 90.0),  # nothing to forecast
        (1, "b", 9 * DAY_MS, 8, 100.0),
        (1, "b", 2 * DAY_MS, 6, 20.0),
        (1, "b", 4 * DAY_MS, 7, 75.0),
    )
    assert given.student.tolist() == [1, 1]
    assert given.length.tolist() == [3, 2]
    np.testing.assert_array_equal(given.score, [[20.0, 75.0, 100.0], [80.0, 60.0, np.nan]])
    assert given.elapsed_ms.tolist() == [[0, 2 * DAY_MS, 5 * DAY_MS], [0, 3 * DAY_MS - 5 * HOUR_MS, 0]]
    assert given.passed.tolist() == [[False, True, True], [True, False, False]]
    assert given.forecast.tolist() == [[False, True, True], [False, True, False]]


def test_retention_is_that_of_the_instant_before_each_review() -> None:
    # 70: due after two days, stability 2 / -ln 0.8
    given = made((1, "a", 0, 1, 70.0), (1, "a", 2 * DAY_MS, 2, 0.0), (1, "a", 3 * DAY_MS, 3, 70.0))
    np.testing.assert_allclose(retained(Ebbinghaus(), given), [[np.nan, 0.8, 0.8]])


def test_held_out_students_are_held_out_with_all_their_pairs() -> None:
    rows = [
        (student, module, day * DAY_MS, day, 70.0) for student in range(200) for module in ("a", "b") for day in (1, 2)
    ]
    given = made(*rows)
    held_out = given.held_out(0.3, seed=1)
    assert not set(given.student[held_out].tolist()) & set(given.student[~held_out].tolist())
    assert 0.2 < held_out.mean() < 0.4
