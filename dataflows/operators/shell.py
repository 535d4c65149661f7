"""The thin Bytewax shell around an operator: one stateful step, one task a key, a snapshot an epoch."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

import bytewax.operators as op
from bytewax.operators import KeyedStream, StatefulBatchLogic

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


class _Logic(StatefulBatchLogic[B, B, bytes], Generic[B]):
    def __init__(self, make: Callable[[int], Operator[B]], task_of: Callable[[B], int], resume: bytes | None) -> None:
        self._make, self._task_of, self._resume = make, task_of, resume
        self._operator: Operator[B] | None = None

    def on_batch(self, values: list[B]) -> tuple[Iterable[B], bool]:
        if self._operator is None:
            self._operator = self._make(self._task_of(values[0]))
            if self._resume is not None:
                # Our own snapshot, from the recovery store that only the worker can write.
                self._operator.restore(pickle.loads(self._resume))  # noqa: S301
                self._resume = None
        return [self._operator.process(value) for value in values], StatefulBatchLogic.RETAIN

    def snapshot(self) -> bytes:
        if self._operator is None:
            return self._resume or b""
        # Bytes at once: Bytewax serialises later, when the arrays have already moved on.
        return pickle.dumps(self._operator.state(), protocol=5)


def stateful(
    step_id: str,
    up: KeyedStream[B],
    make: Callable[[int], Operator[B]],
    task_of: Callable[[B], int],
) -> KeyedStream[B]:
    """Adds an operator to the pipeline of every task.

    Args:
        step_id: Stable name of the step; recovery is keyed by it.
        up: Batches keyed by `task_key`.
        make: Makes the operator of a task.
        task_of: The task of a batch.
    """
    return op.stateful_batch(step_id, up, lambda resume: _Logic(make, task_of, resume))
