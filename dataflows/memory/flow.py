"""The `memory` flow: quiz attempts, forgetting curves and revisions that fall due, from the learning topics.

Read top-down: source → decode → consent → time → facts → memory → rows → sink. Of the clickstream only submitted
quizzes, and consents, are read in full, but every record of it moves the watermark.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from dataflows import metrics
from dataflows.batch import Records, TaskBatch
from dataflows.events.coded import decode_coded
from dataflows.events.consents import CONSENTS
from dataflows.events.kinds import KINDS, Kind, canonical_topic, rank_of
from dataflows.events.learning import decode_learning
from dataflows.events.rejects import Reject
from dataflows.events.rules import Rules
from dataflows.kafka.topics import CLICKSTREAM, CLICKSTREAM_ALIAS, LEARNING_TOPICS
from dataflows.memory.columns import Batch, Reported
from dataflows.memory.steps import FLOW, JudgeTime, KeepFacts, Remember
from dataflows.operators import builder
from dataflows.operators.consent import GateConsent, Said, said_in
from dataflows.operators.places import placed
from dataflows.operators.segments import Ints
from dataflows.settings import Settings
from dataflows.sink.changes import Changes

TOPICS: Final = (*LEARNING_TOPICS, CLICKSTREAM)
OPTIONAL_TOPICS: Final = (CLICKSTREAM_ALIAS,)
SUBMISSION: Final = "quiz_submit"
_READ_WHOLE: Final = (SUBMISSION, *CONSENTS)


def steps(settings: Settings) -> dict[str, Any]:
    """Returns, by step id and in the order of the pipeline, what makes the operator of a task."""
    makers: dict[str, Any] = {
        "consent": lambda _task: GateConsent(FLOW, settings, _said, has_duties=True),
        "watermark": lambda _task: JudgeTime(),
        "facts": lambda _task: KeepFacts(),
        "memory": lambda task: Remember(task, settings),
    }
    return makers


def _said(batch: Batch) -> list[Said]:
    return [said_in(one.topic, one.learned, "user_id") for one in batch.reported if len(one.learned)]


def decode(batch: TaskBatch, settings: Settings) -> Batch:
    """Returns the batch with its records as columns; rejects are only counted: the `archive` flow keeps them."""
    rules = Rules.of(settings)
    reported = []
    for records in batch.records:
        one, rejects = _reported(records, rules)
        reported.append(one)
        metrics.note_rejects(FLOW, rejects)
    return Batch(source=batch, reported=sorted(reported, key=lambda one: one.rank))


def _reported(records: Records, rules: Rules) -> tuple[Reported, list[Reject]]:
    """Returns what a topic-partition tells, and what was turned away."""
    if KINDS.get(canonical_topic(records.topic, rules.topic_prefix)) is not Kind.CLICKSTREAM:
        learned = decode_learning(records, rules)
        facts = learned.frame.filter(~pl.col("is_tick"))
        return _with_times(records, rules, learned.frame, facts), learned.rejects
    coded = decode_coded(records, rules)
    read_whole = np.array([act.event_name in _READ_WHOLE for act in coded.acts], np.bool_)
    is_event = ~coded.frame["is_tick"].to_numpy()
    act = coded.frame["act"].to_numpy()
    chosen = np.flatnonzero(is_event & read_whole[act]) if len(read_whole) else np.empty(0, np.int64)
    facts = decode_learning(_some(records, coded.frame["offset"].to_numpy()[chosen]), rules).frame
    return _with_times(records, rules, coded.frame, facts), coded.rejects


def _with_times(records: Records, rules: Rules, frame: pl.DataFrame, facts: pl.DataFrame) -> Reported:
    rank = rank_of(records.topic, rules.topic_prefix)
    facts = facts.with_columns(place=placed(rank, facts["offset"].to_numpy()))
    return Reported(records.topic, rank, frame.select("event_ms", "append_ms", "is_tick"), facts)


def _some(records: Records, offsets: Ints) -> Records:
    """Returns the records at some offsets."""
    at = np.searchsorted(np.array(records.offsets, np.int64), offsets).tolist()
    return Records(
        records.topic,
        records.partition,
        [records.offsets[i] for i in at],
        [records.append_ms[i] for i in at],
        [records.keys[i] for i in at],
        [records.values[i] for i in at],
        accepted=records.accepted,
        replayed=[records.replayed[i] for i in at] if records.replayed else [],
    )


def gather(batch: Batch) -> list[Changes]:
    """Returns the batch's rows as changes to write, when they are due."""
    return builder.changes(FLOW, batch, rows=batch.rows, replaces=batch.replaces, records=batch.records)
