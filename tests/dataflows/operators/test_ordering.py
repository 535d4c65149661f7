from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dataflows.events.scanner import loading
from dataflows.operators import packing
from dataflows.operators.ordering import order_of

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
