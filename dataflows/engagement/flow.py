"""The `engagement` flow: who is active where, live scores, states and days, from `clickstream_events`.

Read top-down: source → decode → consent → time → repeats → codes → windows → students → rows → sink.
"""

from __future__ import annotations

from typing import Any, Final

from dataflows.batch import TaskBatch
from dataflows.engagement.columns import Batch
from dataflows.engagement.steps import FLOW, CountActivity, DropRepeats, FollowStudents, JudgeTime
from dataflows.events.coded import decode_coded
from dataflows.operators import builder
from dataflows.operators.consent import GateConsent, Said, said_by
from dataflows.operators.students import EncodeStudents
from dataflows.settings import Settings
from dataflows.sink.changes import Changes

TOPICS: Final = ("clickstream_events",)
OPTIONAL_TOPICS: Final = ("lms_clickstream",)


def steps(settings: Settings) -> dict[str, Any]:
    """Returns, by step id and in the order of the pipeline, what makes the operator of a task."""
    makers: dict[str, Any] = {
        "consent": lambda _task: GateConsent(FLOW, settings, _said),
        "watermark": lambda _task: JudgeTime(settings),
        "dedupe": lambda _task: DropRepeats(settings),
        "encode": lambda _task: EncodeStudents(lambda batch: batch.events),
        "activity": lambda task: CountActivity(task, settings),
        "students": lambda task: FollowStudents(task, settings),
    }
    return makers


def _said(batch: Batch) -> list[Said]:
    return [
        said_by(topic, coded.frame, coded.students, "act", [act.event_name for act in coded.acts])
        for topic, coded in batch.decoded
    ]


def decode(batch: TaskBatch, settings: Settings) -> Batch:
    """Returns the batch with its records as columns."""
    return Batch(source=batch, decoded=builder.decoded(FLOW, batch, decode_coded, settings))


def gather(batch: Batch) -> list[Changes]:
    """Returns the batch's rows as changes to write, when they are due."""
    return builder.changes(FLOW, batch, rows=batch.rows)
