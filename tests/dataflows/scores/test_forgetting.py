"""What holds for every forgetting model, whatever the history."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.scores.forgetting import DAY_MS, MODELS, Memory, Model, urgency

COLUMNS = ("interval_days", "stability", "difficulty", "decay_factor")

every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
scores = st.one_of(st.integers(0, 100).map(float), st.floats(0, 100))
gaps = st.integers(0, 300 * DAY_MS)
histories = st.lists(st.tuples(gaps, scores), min_size=1, max_size=12)
days = st.floats(0, 10_000)


def fold(model: Model, history: list[tuple[int, float]]) -> Memory:
    memory = model.first(np.array([history[0][1]]))
    for gap_ms, score in history[1:]:
        memory = model.next(memory, np.array([score]), np.array([gap_ms]))
    return memory


def many(model: Model, histories_: list[list[tuple[int, float]]]) -> Memory:
    """Folds histories of equal length side by side."""
    memory = model.first(np.array([history[0][1] for history in histories_]))
    for turn in range(1, len(histories_[0])):
        score = np.array([history[turn][1] for history in histories_])
        memory = model.next(memory, score, np.array([history[turn][0] for history in histories_]))
    return memory


@every_model
@given(history=histories, first=days, second=days)
def test_retention_never_rises_and_stays_between_0_and_1(
    model: Model, history: list[tuple[int, float]], first: float, second: float
) -> None:
    memory = fold(model, history)
    early, late = (
        float(model.retention(memory.stability, memory.decay_factor, np.array([day]))[0])
        for day in sorted((first, second))
    )
    assert 0 <= late <= early <= 1


@pytest.mark.parametrize("model", [MODELS["ebbinghaus"], MODELS["fsrs"]])
@given(history=histories)
def test_retention_is_1_at_the_review(model: Model, history: list[tuple[int, float]]) -> None:
    memory = fold(model, history)
    assert model.retention(memory.stability, memory.decay_factor, np.zeros(1))[0] == 1


@pytest.mark.parametrize(("name", "longest"), [("ebbinghaus", 180), ("fsrs", 36_500), ("average", 180)])
@given(history=histories)
def test_the_interval_stays_within_its_bounds(name: str, longest: int, history: list[tuple[int, float]]) -> None:
    memory = fold(MODELS[name], history)
    assert 1 <= memory.interval_days[0] <= longest
    assert memory.stability[0] > 0 and memory.decay_factor[0] > 0


@every_model
@given(history=histories, score=st.floats(70, 100), late_ms=st.integers(0, 100 * DAY_MS))
def test_a_punctual_success_never_shortens_the_interval(
    model: Model, history: list[tuple[int, float]], score: float, late_ms: int
) -> None:
    memory = fold(model, history)
    elapsed = np.ceil(memory.interval_days * DAY_MS).astype(np.int64) + late_ms
    assert model.next(memory, np.array([score]), elapsed).interval_days[0] >= memory.interval_days[0]


@pytest.mark.parametrize("model", [MODELS["ebbinghaus"], MODELS["average"]])
@given(history=histories, score=st.floats(0, 69.99), elapsed_ms=gaps)
def test_a_fail_never_lengthens_the_interval(
    model: Model, history: list[tuple[int, float]], score: float, elapsed_ms: int
) -> None:
    memory = fold(model, history)
    assert model.next(memory, np.array([score]), np.array([elapsed_ms])).interval_days[0] <= memory.interval_days[0]


@every_model
@given(data=st.data())
def test_a_pairs_numbers_do_not_depend_on_the_pairs_beside_it(model: Model, data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 5))
    history = st.lists(st.tuples(gaps, scores), min_size=length, max_size=length)
    histories_ = data.draw(st.lists(history, min_size=1, max_size=19))
    together = many(model, histories_)
    after = np.linspace(0, 400, len(histories_))
    retained = model.retention(together.stability, together.decay_factor, after)
    for index, alone in enumerate(fold(model, history) for history in histories_):
        for column in COLUMNS:
            ours, theirs = getattr(together, column)[index : index + 1], getattr(alone, column)
            assert ours.tobytes() == theirs.tobytes(), column
        one = model.retention(alone.stability, alone.decay_factor, after[index : index + 1])
        assert retained[index] == one[0]


@every_model
def test_a_selection_of_pairs_holds_what_the_pairs_held(model: Model) -> None:
    memory = model.first(np.array([20.0, 75.0, 85.0, 95.0]))
    for selection in (np.array([1, 3]), np.array([False, True, False, True])):
        taken = memory.take(selection)
        for column in COLUMNS:
            np.testing.assert_array_equal(getattr(taken, column), getattr(memory, column)[[1, 3]])


def test_each_model_is_listed_under_its_name() -> None:
    assert {name: model.name for name, model in MODELS.items()} == {name: name for name in MODELS}
    assert set(MODELS) == {"ebbinghaus", "fsrs", "average"}


@pytest.mark.parametrize(
    ("elapsed", "expected"), [(0, "low"), (2.99, "low"), (3, "medium"), (5.99, "medium"), (6, "high"), (600, "high")]
)
def test_urgency_is_medium_once_due_and_high_once_twice_the_interval_has_passed(elapsed: float, expected: str) -> None:
    assert urgency(elapsed, 3.0) == expected
