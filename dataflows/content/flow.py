"""The `content` flow: where students' time goes, from `clickstream_events` and `chapter_view_events`.

Read top-down: source → decode → time → milestones → repeats → codes → days → timeline → rows → sink.
"""

from __future__ import annotations

from typing import Any, Final

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import Source
from bytewax.outputs import Sink

from dataflows import metrics
from dataflows.batch import TaskBatch
from dataflows.content.columns import Batch
from dataflows.content.steps import FLOW, CountDays, DropRepeats, EncodeStudents, FollowTime, JudgeTime, KeepMilestones
from dataflows.events.rules import Rules
from dataflows.events.studied import decode_studied
from dataflows.kafka.keys import task_key
from dataflows.kafka.topics import CHAPTER_VIEWS, CLICKSTREAM, CLICKSTREAM_ALIAS
from dataflows.kafka.trace import trace
from dataflows.operators.shell import Operator, stateful
from dataflows.settings import Settings
from dataflows.sink.changes import Changes

TOPICS: Final = (CLICKSTREAM, CHAPTER_VIEWS)
OPTIONAL_TOPICS: Final = (CLICKSTREAM_ALIAS,)


def build(source: Source[TaskBatch], sink: Sink[Any], settings: Settings) -> Dataflow:
    """Returns the dataflow; pure: it contacts nothing.

    Args:
        source: Emits the micro-batches of tasks.
        sink: Takes (task key, `Changes`).
        settings: Lateness, time zone, caps and the other rules.
    """
    flow = Dataflow(FLOW)
    raw = op.input("source", flow, source)
    stream = op.map("decode", raw, lambda batch: (task_key(batch.task), decode(batch, settings)))
    for step_id, make in steps(settings).items():
        stream = stateful(step_id, stream, make, lambda batch: batch.source)
    changes = op.flat_map_value("gather", stream, gather)
    op.output("sink", changes, sink)
    return flow


def steps(settings: Settings) -> dict[str, Any]:
    """Returns, by step id and in the order of the pipeline, what makes the operator of a task."""
    makers: dict[str, Any] = {
        "watermark": lambda _task: JudgeTime(settings),
        "milestones": lambda _task: KeepMilestones(),
        "dedupe": lambda _task: DropRepeats(settings),
        "encode": lambda _task: EncodeStudents(),
        "days": lambda task: CountDays(task, settings),
        "timeline": lambda task: FollowTime(task, settings),
    }
    return makers


def pipeline(task: int, settings: Settings) -> list[Operator[Batch]]:
    """Returns the operators of one task in order, for runs without Bytewax (`rebuild`, tests, profiles)."""
    return [make(task) for make in steps(settings).values()]


def decode(batch: TaskBatch, settings: Settings) -> Batch:
    """Returns the batch with its records as columns; rejects are only counted: the `archive` flow keeps them."""
    rules = Rules.of(settings)
    decoded = [(records.topic, decode_studied(records, rules)) for records in batch.records]
    for _topic, studied in decoded:
        metrics.note_rejects(FLOW, studied.rejects)
    return Batch(source=batch, decoded=decoded)


def gather(batch: Batch) -> list[Changes]:
    """Returns the batch's rows as changes to write, when they are due."""
    source = batch.source
    trace("gather", source.task)
    if not source.writes:
        return []
    changes = Changes.of(FLOW, source, batch.watermarks, batch.live_append_ms, batch.settled)
    changes.rows, changes.replaces = batch.rows, batch.replaces
    return [changes]
