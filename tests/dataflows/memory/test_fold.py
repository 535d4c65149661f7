"""One function folds: onwards from a state, or anew from the first review, to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.memory.fold import Curves, Reviews, counted_of, fold
from dataflows.operators.segments import Ints
from dataflows.scores.forgetting import DAY_MS, MODELS

_times = st.lists(st.integers(1, 200 * 24), min_size=1, max_size=12, unique=True).map(sorted)
_score = st.sampled_from((0.0, 40.0, 70.0, 85.0, 100.0))


def days(time_ms: Ints) -> Ints:
    return time_ms // DAY_MS


def folded(name: str, times: list[int], scores: list[float], start: Curves) -> Curves:
    reviews = Reviews(np.zeros(len(times), np.int64), np.array(times, np.int64) * 3_600_000, np.array(scores))
    return fold(MODELS[name], reviews, counted_of(reviews, start, days), start)[1]


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=100, deadline=None)
@given(_times, st.data())
def test_a_fold_in_two_parts_is_the_fold_of_the_whole(name: str, times: list[int], data: st.DataObject) -> None:
    scores = data.draw(st.lists(_score, min_size=len(times), max_size=len(times)))
    cut = data.draw(st.integers(0, len(times)))
    whole = folded(name, times, scores, Curves.empty(1))
    parts = folded(name, times[cut:], scores[cut:], folded(name, times[:cut], scores[:cut], Curves.empty(1)))
    assert repr(parts) == repr(whole)


def test_of_a_local_day_the_first_review_counts() -> None:
    reviews = Reviews(np.array([0, 0, 0, 1]), np.array([1, 2, DAY_MS, 2], np.int64), np.array([70.0, 100, 85, 70]))
    assert counted_of(reviews, Curves.empty(2), days).tolist() == [True, False, True, True]
    known = Curves.empty(2)
    known.reviews[0] = 1
    assert counted_of(reviews, known, days).tolist() == [False, False, True, True]


def test_pairs_are_folded_side_by_side_as_alone() -> None:
    model = MODELS["ebbinghaus"]
    slot = np.array([0, 0, 1, 2, 2, 2])
    time_ms = np.array([1, 3, 2, 1, 5, 9], np.int64) * DAY_MS
    reviews = Reviews(slot, time_ms, np.array([70.0, 85, 40, 100, 60, 90]))
    together = fold(model, reviews, np.ones(6, np.bool_), Curves.empty(3))[1]
    for one in range(3):
        mine = slot == one
        alone = Reviews(np.zeros(int(mine.sum()), np.int64), time_ms[mine], reviews.score[mine])
        after = fold(model, alone, np.ones(len(alone.slot), np.bool_), Curves.empty(1))[1]
        assert repr(after) == repr(together.take(np.array([one])))
