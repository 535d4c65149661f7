"""The examples in the docstrings of the pipeline's parts run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import dataflows

_TESTED_ELSEWHERE = ("dataflows.events",)
_MODULES = [
    module.name
    for module in pkgutil.walk_packages(dataflows.__path__, "dataflows.")
    if not module.name.startswith(_TESTED_ELSEWHERE)
]


@pytest.mark.parametrize("name", _MODULES)
def test_the_examples_in_the_docstrings_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
