"""The `content` flow: where students' time goes, from `clickstream_events` and `chapter_view_events`.

Read top-down: source → decode → consent → time → milestones → repeats → codes → days → timeline → rows → sink.
"""

from __future__ import annotations

from typing import Any, Final

from dataflows.batch import TaskBatch
from dataflows.content.columns import Batch
from dataflows.content.steps import FLOW, CountDays, DropRepeats, FollowTime, JudgeTime, KeepMilestones
from dataflows.events.studied import decode_studied
from dataflows.kafka.topics import CHAPTER_VIEWS, CLICKSTREAM, CLICKSTREAM_ALIAS
from dataflows.operators import builder
from dataflows.operators.consent import GateConsent, Said, said_by
from dataflows.operators.students import EncodeStudents
from dataflows.settings import Settings
from dataflows.sink.changes import Changes

TOPICS: Final = (CLICKSTREAM, CHAPTER_VIEWS)
OPTIONAL_TOPICS: Final = (CLICKSTREAM_ALIAS,)


def steps(settings: Settings) -> dict[str, Any]:
    """Returns, by step id and in the order of the pipeline, what makes the operator of a task."""
    makers: dict[str, Any] = {
        "consent": lambda _task: GateConsent(FLOW, settings, _said),
        "watermark": lambda _task: JudgeTime(settings),
        "milestones": lambda _task: KeepMilestones(),
        "dedupe": lambda _task: DropRepeats(settings),
        "encode": lambda _task: EncodeStudents(lambda batch: [*batch.clicks, *batch.views]),
        "days": lambda task: CountDays(task, settings),
        "timeline": lambda task: FollowTime(task, settings),
    }
    return makers


def _said(batch: Batch) -> list[Said]:
    return [
        said_by(topic, studied.frame, studied.students, "action", [action.event_name for action in studied.actions])
        for topic, studied in batch.decoded
    ]


def decode(batch: TaskBatch, settings: Settings) -> Batch:
    """Returns the batch with its records as columns."""
    return Batch(source=batch, decoded=builder.decoded(FLOW, batch, decode_studied, settings))


def gather(batch: Batch) -> list[Changes]:
    """Returns the batch's rows as changes to write, when they are due."""
    return builder.changes(FLOW, batch, rows=batch.rows, replaces=batch.replaces)
