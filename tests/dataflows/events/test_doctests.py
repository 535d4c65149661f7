from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import dataflows.events

_MODULES = [module.name for module in pkgutil.iter_modules(dataflows.events.__path__)]


@pytest.mark.parametrize("name", _MODULES)
def test_the_examples_in_the_docstrings_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"dataflows.events.{name}")).failed == 0
