from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dataflows.events.scanner import loading
from dataflows.operators import packing
from dataflows.operators.ordering import distinct, order_of, sorted_wide, united

_RNG = np.random.default_rng(14)
_MANY = 20_000


@pytest.fixture(scope="module")
def _compiled() -> None:
    pytest.importorskip("numba")
    loading.prepare(wait=True)


@pytest.mark.parametrize(
    "keys",
    [
        _RNG.integers(0, 50, _MANY),
        _RNG.integers(-(2**62), 2**62, _MANY),
        np.concatenate([np.array([-(2**63), 2**63 - 1]), _RNG.integers(-5, 5, _MANY)]),
        _RNG.integers(0, 2**64, _MANY, dtype=np.uint64),
        _RNG.integers(0, 2**32, _MANY, dtype=np.uint32)[::-1],
        packing.wide(_RNG.integers(0, 2**50, _MANY) // 7, _RNG.integers(0, 100, _MANY)),
        packing.wide(_RNG.integers(-3, 3, _MANY), _RNG.integers(-(2**40), 2**40, _MANY)),
        np.zeros(_MANY, np.int64),
        np.array([3, 1, 2]),
        np.empty(0, np.int64),
    ],
)
def test_compiled_or_not_the_order_is_the_one_stable_order(_compiled: None, keys: npt.NDArray[np.generic]) -> None:
    right = np.argsort(keys, kind="stable")
    with pytest.MonkeyPatch.context() as patch:
        if loading.kernel() is None:
            patch.setattr(loading, "_kernel", pytest.importorskip("dataflows.events.scanner.kernel"))
        assert np.array_equal(order_of(keys), right)
        patch.setattr(loading, "_kernel", None)
        assert np.array_equal(order_of(keys), right)


@pytest.fixture(params=["compiled", "plain"])
def _either(_compiled: None, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = pytest.importorskip("dataflows.events.scanner.kernel") if request.param == "compiled" else None
    monkeypatch.setattr(loading, "_kernel", kernel)


def _members(number: int, students: int) -> packing.Wide:
    """Keys as a batch has them: student by student, the scopes of each in any order."""
    student = np.sort(_RNG.integers(0, students, number))
    return packing.student_scope_minute(student, _RNG.integers(0, 40, number), 13_000_000 + _RNG.integers(0, 3, number))


@pytest.mark.parametrize("keys", [_members(_MANY, 3000), _RNG.permutation(_members(_MANY, 3000)), _members(9, 2)])
def test_wide_keys_are_sorted_however_near_to_it_they_come(_either: None, keys: packing.Wide) -> None:
    before = keys.copy()
    assert np.array_equal(sorted_wide(keys), np.sort(keys))
    assert np.array_equal(keys, before)


@pytest.mark.parametrize(
    ("known", "new"),
    [(0, 0), (0, 5), (5, 0), (_MANY, _MANY), (_MANY, 3), (3, _MANY), (_MANY, 1)],
)
def test_a_set_takes_what_it_has_not_got_and_says_where_it_is(_either: None, known: int, new: int) -> None:
    state, keys = np.unique(_members(known, 3000)), np.sort(_members(new, 3000))
    for part in (state, keys):
        part.flags.writeable = False
    both, where = united(state, keys)
    assert np.array_equal(both, np.unique(np.concatenate([state, keys])))
    assert np.array_equal(both[where], np.setdiff1d(keys, state))


@pytest.mark.parametrize(
    "keys",
    [
        _RNG.integers(0, 9, _MANY),
        _RNG.integers(-(2**62), 2**62, _MANY),
        np.repeat(_RNG.integers(0, 2**52, 5000) << 10, 4)[::2],
        _members(_MANY, 50),
        np.array([-1, 4, -1]),
        np.empty(0, np.int64),
    ],
)
def test_the_distinct_keys_ascend_and_each_key_knows_its_own(_either: None, keys: npt.NDArray[np.generic]) -> None:
    found, place = distinct(keys)
    assert np.array_equal(found, np.unique(keys))
    assert np.array_equal(found[place], keys)
