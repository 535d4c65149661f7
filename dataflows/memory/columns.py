"""The columns of a micro-batch inside the `memory` flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from dataflows.batch import Settled, TaskBatch
from dataflows.operators.segments import Bools, Ints


@dataclass(frozen=True, slots=True)
class Reported:
    """What one topic-partition tells in a batch.

    Attributes:
        topic: The topic's name on the broker.
        rank: Its place in `TOPIC_ORDER`.
        times: event_ms, append_ms and is_tick of all accepted records and ticks in log order: they move the watermark.
        learned: Those that may be facts of learning, as `dataflows.events.learning.DecodedLearning.frame`, ticks left
            out, and the `place` of each in the log.
    """

    topic: str
    rank: int
    times: pl.DataFrame
    learned: pl.DataFrame


@dataclass(slots=True)
class Batch:
    """What moves from operator to operator of one task.

    Attributes:
        source: Where the batch comes from and whether rows are due.
        reported: Decoded records, by rank of their topics.
        attempts: Scored attempts: event_ms, id_hi, id_lo, place, the texts and numbers of `DecodedLearning`, and
            quiz_type.
        watermarks: Watermark by topic after this batch.
        settled: How far the task has come, as it is to be remembered.
        low: Up to when the task is settled: no later record changes what lies before.
        rows: Rows to write, by table.
        replaces: What they replace, by table.
        records: Records to publish, by the contract's name of the topic.
        live_append_ms: Append times of live records in this batch.
        before_ms: Watermarks that are given from outside; none here, since a rebuild needs none.
        withheld: Which rows of `Reported.learned` count nowhere, by topic (`operators.consent`).
        forgets: Says whether a student was erased; None where nobody was.
    """

    source: TaskBatch
    reported: list[Reported]
    attempts: pl.DataFrame = field(default_factory=pl.DataFrame)
    watermarks: dict[str, int] = field(default_factory=dict)
    settled: Settled = field(default_factory=Settled)
    low: int = 0
    rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    replaces: dict[str, pl.DataFrame] = field(default_factory=dict)
    records: dict[str, list[tuple[bytes, bytes]]] = field(default_factory=dict)
    live_append_ms: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    before_ms: dict[str, Ints] = field(default_factory=dict)
    withheld: dict[str, Bools] = field(default_factory=dict)
    forgets: Callable[[str], bool] | None = None
