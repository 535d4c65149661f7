"""Where the log goes: to standard error as it is when a line is written."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

import pytest
import structlog

from dataflows.logs import configure_logging
from dataflows.settings import Settings


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_lines_go_to_standard_error_as_it_is_then() -> None:
    first, second = io.StringIO(), io.StringIO()
    log = structlog.get_logger()
    with contextlib.redirect_stderr(first):
        configure_logging(Settings(_env_file=None))
        log.info("one")
    first.close()
    with contextlib.redirect_stderr(second):
        log.info("two")
    assert "two" in second.getvalue()
