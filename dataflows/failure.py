"""Why this process failed: in a cluster of several, Bytewax ends with its network's panic and forgets the cause."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

first: Final[list[BaseException]] = []
"""The first error of this process, if there was one."""

_OF_A_PEER: Final = "thread panic"


def records_failure(function: Callable[P, R]) -> Callable[P, R]:
    """Returns a function that Bytewax calls, which remembers the error that it fails with."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except StopIteration:  # how a source ends
            raise
        except BaseException as error:
            first.append(error)
            raise

    return call


def is_of_a_peer(error: BaseException) -> bool:
    """Whether a run failed because another process of its cluster has gone, and for no reason of its own."""
    return not first and type(error).__name__ == "PanicException" and _OF_A_PEER in str(error)
