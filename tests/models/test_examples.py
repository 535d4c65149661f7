"""The examples in the docstrings of the models run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import models

_MODULES = [module.name for module in pkgutil.walk_packages(models.__path__, "models.")]


@pytest.mark.parametrize("name", _MODULES)
def test_the_examples_in_the_docstrings_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
