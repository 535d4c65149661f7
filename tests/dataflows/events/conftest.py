"""The ways in which events are read: by the scanner, and by structs where there is no scanner."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from dataflows.events.scanner import loading


@pytest.fixture(scope="session")
def compiled() -> ModuleType:
    """The scanner's loops, not in use yet."""
    pytest.importorskip("numba")
    loading.prepare(wait=True)
    loops, loading._kernel = loading.kernel(), None
    assert loops is not None
    return loops


@pytest.fixture(scope="module")
def scanner(compiled: ModuleType) -> Iterator[None]:
    """Reads events with the scanner."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "_kernel", compiled)
        yield


@pytest.fixture(scope="module", params=["scanner", "structs"])
def reader(request: pytest.FixtureRequest) -> None:
    """Reads events once with the scanner and once without it."""
    if request.param == "scanner":
        request.getfixturevalue("scanner")
