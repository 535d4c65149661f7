"""The `stuck` flow: who looks stuck on what, from `clickstream_events` and the quizzes' topics (docs/stuck.md).

Read top-down: source → decode → consent → time → repeats → marks of students → episodes → rows → sink.
"""

from __future__ import annotations

from typing import Any, Final

from dataflows.batch import TaskBatch
from dataflows.events.full import decode_full
from dataflows.events.rules import Rules
from dataflows.kafka.topics import CLICKSTREAM, CLICKSTREAM_ALIAS
from dataflows.operators import builder
from dataflows.operators.consent import GateConsent
from dataflows.operators.declared import Batch, said_in_batch
from dataflows.operators.reading import WholeRead
from dataflows.operators.repeats import FirstOfId
from dataflows.settings import Settings
from dataflows.sink.changes import Changes
from dataflows.stuck.steps import FLOW, FollowStudents, JudgeTime

QUIZZES: Final = "module_quiz_events"
TOPICS: Final = (CLICKSTREAM, QUIZZES)
OPTIONAL_TOPICS: Final = (CLICKSTREAM_ALIAS,)


def steps(settings: Settings) -> dict[str, Any]:
    """Returns, by step id and in the order of the pipeline, what makes the operator of a task."""
    makers: dict[str, Any] = {
        "consent": lambda _task: GateConsent(FLOW, settings, said_in_batch),
        "watermark": lambda _task: JudgeTime(settings),
        "dedupe": lambda _task: FirstOfId(FLOW, max(settings.repeat_s, settings.lateness_s) * 1000),
        "students": lambda task: FollowStudents(task, settings),
    }
    return makers


def decode(batch: TaskBatch, settings: Settings) -> Batch:
    """Returns the batch with its records as columns."""

    def columns(records: Any, rules: Rules) -> WholeRead:  # noqa: ANN401
        full = decode_full(records, rules)
        return WholeRead(full, full.frame)

    return Batch(source=batch, decoded=builder.decoded(FLOW, batch, columns, settings))


def gather(batch: Batch) -> list[Changes]:
    """Returns the batch's rows as changes to write, when they are due."""
    return builder.changes(FLOW, batch, rows=batch.rows, replaces=batch.replaces)
