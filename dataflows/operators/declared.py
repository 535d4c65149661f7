"""What moves from step to step of a declared flow: decoded records, then events that count, then rows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from dataflows.batch import Settled, TaskBatch
from dataflows.events.consents import CONSENTS
from dataflows.operators.consent import Said
from dataflows.operators.reading import Read
from dataflows.operators.segments import Bools, Ints


@dataclass(slots=True)
class Judged:
    """Records of one topic-partition; arrays have shape (n,).

    Attributes:
        topic: The topic.
        read: The decoded records.
        before: The watermark of the topic-partition before each.
        counts: Whether it is an event that the flow counts.
        late: Whether it counts and came too late.
        rows: The rows that are counted, once repeats are left out.
    """

    topic: str
    read: Read
    before: Ints
    counts: Bools
    late: Bools
    rows: Ints = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(slots=True)
class Batch:
    """A micro-batch of one task.

    Attributes:
        source: Where it comes from and whether rows are due.
        decoded: Decoded records by topic.
        judged: What each record met.
        watermarks: Watermark by topic after this batch.
        settled: How far the task has come, as it is to be remembered.
        low: Up to when the task is settled, epoch milliseconds.
        rows: Rows to write, by table.
        replaces: Stretches of time that the rows fill wholly, by table.
        live_append_ms: Append times of live records in this batch.
        before_ms: Per topic, the watermark that each decoded row met, where it is given from outside (a rebuild).
        withheld: Which decoded rows count nowhere, by topic (`operators.consent`); absent where all do.
        forgets: Says whether a student was erased; None where nobody was.
    """

    source: TaskBatch
    decoded: list[tuple[str, Read]]
    judged: list[Judged] = field(default_factory=list)
    watermarks: dict[str, int] = field(default_factory=dict)
    settled: Settled = field(default_factory=Settled)
    low: int = 0
    rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    replaces: dict[str, pl.DataFrame] = field(default_factory=dict)
    live_append_ms: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    before_ms: dict[str, Ints] = field(default_factory=dict)
    withheld: dict[str, Bools] = field(default_factory=dict)
    forgets: Callable[[str], bool] | None = None


def said_in_batch(batch: Batch) -> list[Said]:
    """Returns what the step `consent` reads of a batch."""
    return [
        Said(
            topic,
            one.frame,
            one.may_say(CONSENTS),
            functools.partial(one.text, "event_name"),
            functools.partial(one.text, "student_id"),
        )
        for topic, one in batch.decoded
    ]
