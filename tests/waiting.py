"""Waiting on conditions, never on time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], timeout_s: float = 30.0) -> T:
    """Asks again and again until the condition's answer is true, and returns that answer.

    Args:
        condition: A question without side effects.
        timeout_s: After this the test fails.
    """
    gives_up = time.monotonic() + timeout_s
    while not (answer := condition()):
        if time.monotonic() > gives_up:
            message = f"still not so after {timeout_s:.0f} s: {getattr(condition, '__qualname__', condition)}"
            raise AssertionError(message)
        time.sleep(0.02)
    return answer
