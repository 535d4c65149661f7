"""One builder of dataflows: source → decode → the flow's steps → gather → sink."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import Source
from bytewax.outputs import Sink

from dataflows import metrics
from dataflows.batch import Records, TaskBatch
from dataflows.events.rejects import Reject
from dataflows.events.rules import Rules
from dataflows.kafka.keys import task_key
from dataflows.kafka.trace import trace
from dataflows.operators.segments import Ints
from dataflows.operators.shell import Operator, stateful
from dataflows.settings import Settings
from dataflows.sink.changes import Changes

Steps = Mapping[str, Callable[[int], Operator[Any]]]


class Definition(Protocol):
    """What a flow tells: a module with these names, or a `WindowedFlow`."""

    FLOW: str
    TOPICS: tuple[str, ...]
    OPTIONAL_TOPICS: tuple[str, ...]

    def decode(self, batch: TaskBatch, settings: Settings) -> Any:  # noqa: ANN401
        """Returns the batch with its records as columns."""
        ...

    def steps(self, settings: Settings) -> Steps:
        """Returns, by step id and in the order of the pipeline, what makes the operator of a task."""
        ...

    def gather(self, batch: Any) -> list[Changes]:  # noqa: ANN401
        """Returns the batch's rows as changes to write, when they are due."""
        ...


class Decoded(Protocol):
    """What every decoder gives beside its columns."""

    @property
    def rejects(self) -> list[Reject]:
        """What was turned away."""
        ...


D = TypeVar("D", bound=Decoded)


class Gathered(Protocol):
    """What the last step leaves in a batch."""

    source: TaskBatch
    watermarks: dict[str, int]
    live_append_ms: Ints
    settled: Any


def build(flow: Any, source: Source[TaskBatch], sink: Sink[Any], settings: Settings) -> Dataflow:  # noqa: ANN401
    """Returns a flow's dataflow; pure: it contacts nothing.

    Args:
        flow: The flow (`Definition`).
        source: Emits the micro-batches of tasks.
        sink: Takes (task key, `Changes`).
        settings: Lateness, time zone and the other rules.
    """
    dataflow = Dataflow(flow.FLOW)
    raw = op.input("source", dataflow, source)
    stream = op.map("decode", raw, lambda batch: (task_key(batch.task), flow.decode(batch, settings)))
    for step_id, make in flow.steps(settings).items():
        stream = stateful(step_id, stream, make, lambda batch: batch.source)
    op.output("sink", op.flat_map_value("gather", stream, flow.gather), sink)
    return dataflow


def pipeline(flow: Any, task: int, settings: Settings) -> list[Operator[Any]]:  # noqa: ANN401
    """Returns the operators of one task in order, for runs without Bytewax (`rebuild`, tests, profiles)."""
    return [make(task) for make in flow.steps(settings).values()]


def decoded(
    flow: str, batch: TaskBatch, decode: Callable[[Records, Rules], D], settings: Settings
) -> list[tuple[str, D]]:
    """Returns the records of each topic as columns; rejects are only counted: the `archive` flow keeps them.

    Args:
        flow: The flow's name.
        batch: The records.
        decode: One of the decoders of `dataflows.events`.
        settings: What an event may be.
    """
    rules = Rules.of(settings)
    found = [(records.topic, decode(records, rules)) for records in batch.records]
    for _topic, columns in found:
        metrics.note_rejects(flow, columns.rejects)
    return found


def changes(flow: str, batch: Gathered, **rows: Any) -> list[Changes]:  # noqa: ANN401
    """Returns what a batch leaves to write, when it is due.

    Args:
        flow: The flow's name.
        batch: The batch after the last step.
        rows: `rows`, and where the flow has them `replaces` and `records` (see `Changes`).
    """
    source = batch.source
    trace("gather", source.task)
    if not source.writes:
        return []
    made = Changes.of(flow, source, batch.watermarks, batch.live_append_ms, batch.settled)
    for name, value in rows.items():
        setattr(made, name, value)
    return [made]
