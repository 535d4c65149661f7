"""What the tests need of the machine, and the one rule for what is missing."""

from __future__ import annotations

import os

import pytest


def required_parts() -> set[str]:
    """Returns the parts named in CLASSPULSE_REQUIRE, such as `kafka,timescale`."""
    return {part.strip() for part in os.environ.get("CLASSPULSE_REQUIRE", "").split(",") if part.strip()}


def require(part: str, available: bool, reason: str) -> None:
    """Skips the test when a part is missing, or fails it when CLASSPULSE_REQUIRE names that part.

    Args:
        part: `kafka`, `timescale`, `postgres`, `data`, `prometheus`, `promtool`, `grafana`, `chromium`, …
        available: Whether it is here.
        reason: Why it is not.
    """
    if available:
        return
    if part in required_parts():
        pytest.fail(f"{part} is required (CLASSPULSE_REQUIRE) and missing: {reason}", pytrace=False)
    pytest.skip(f"{part} is missing: {reason}")
