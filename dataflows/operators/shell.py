"""The thin Bytewax shell around an operator: one stateful step, one task a key, a snapshot an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

import bytewax.operators as op
from bytewax.operators import KeyedStream, StatefulBatchLogic

from dataflows.failure import records_failure
from dataflows.operators import snapshot

B = TypeVar("B")


class Operator(Protocol[B]):
    """What a step does to the batches of one task."""

    def process(self, batch: B) -> B:
        """Takes a batch and returns it with what this operator adds."""
        ...

    def state(self) -> Any:  # noqa: ANN401
        """Returns what a snapshot must hold."""
        ...

    def restore(self, state: Any) -> None:  # noqa: ANN401
        """Continues from a snapshot's state."""
        ...


class Origin(Protocol):
    """What the shell needs to know of where a batch comes from."""

    @property
    def task(self) -> int:
        """The task."""
        ...

    @property
    def seed(self) -> dict[str, bytes]:
        """States by step id, in the first batch of a task that starts from a rebuild; else empty."""
        ...


class _Logic(StatefulBatchLogic[B, B, bytes], Generic[B]):
    def __init__(
        self, step_id: str, make: Callable[[int], Operator[B]], origin: Callable[[B], Origin], resume: bytes | None
    ) -> None:
        self._step_id, self._make, self._origin, self._resume = step_id, make, origin, resume
        self._operator: Operator[B] | None = None

    @records_failure
    def on_batch(self, values: list[B]) -> tuple[Iterable[B], bool]:
        if self._operator is None:
            origin = self._origin(values[0])
            self._operator = self._make(origin.task)
            # A source that starts from a seed has left its own snapshot behind.
            resume = origin.seed.get(self._step_id, self._resume)
            if resume is not None:
                self._operator.restore(snapshot.loads(resume))
            self._resume = None
        return [self._operator.process(value) for value in values], StatefulBatchLogic.RETAIN

    def snapshot(self) -> bytes:
        if self._operator is None:
            return self._resume or b""
        return snapshot.dumps(self._operator.state())


def stateful(
    step_id: str,
    up: KeyedStream[B],
    make: Callable[[int], Operator[B]],
    origin: Callable[[B], Origin],
) -> KeyedStream[B]:
    """Adds an operator to the pipeline of every task.

    Args:
        step_id: Stable name of the step; recovery is keyed by it.
        up: Batches keyed by `task_key`.
        make: Makes the operator of a task.
        origin: Where a batch comes from.
    """
    return op.stateful_batch(step_id, up, lambda resume: _Logic(step_id, make, origin, resume))
