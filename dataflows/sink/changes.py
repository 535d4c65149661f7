"""What a task wants written: absolute values under deterministic keys, and how far it has read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from dataflows.batch import Settled, TaskBatch


@dataclass(slots=True)
class Changes:
    """The rows of one task at one flush.

    Attributes:
        flow: The flow's name.
        task: The task's number.
        generation: The generation under which the task was claimed.
        offsets: Next offset by topic: everything below is contained in the rows of this or earlier changes.
        watermarks: Watermark by topic in epoch milliseconds; topics that never held a record are absent.
        cluster_id: The Kafka cluster's id.
        topic_ids: The topics' ids.
        partitions: How many partitions each topic has.
        claimed: Places that the database held when this worker claimed the task.
        rows: Rows to upsert by table. Times are epoch-millisecond integers in columns of dtype
            `Datetime("ms")`, days `Date`.
        replaces: Stretches of time that the rows fill wholly, by table: the columns of the table's `Span.owner` and
            `since`. What is stored of that owner from then on, and is not among the rows, is deleted before anything
            is upserted: after a crash between other batch boundaries no orphan stays.
        live_append_ms: Append times of the live records that these rows first contain, for the freshness metric.
        settled: How far the task's time has come; a flow that judges nothing by it has none.
        records: Records to publish before the rows are committed, as (key, value) by topic (the contract's name).
    """

    flow: str
    task: int
    generation: int
    offsets: dict[str, int]
    watermarks: dict[str, int]
    cluster_id: str
    topic_ids: dict[str, str]
    partitions: int | None = None
    claimed: dict[str, int] = field(default_factory=dict)
    rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    replaces: dict[str, pl.DataFrame] = field(default_factory=dict)
    live_append_ms: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    records: dict[str, list[tuple[bytes, bytes]]] = field(default_factory=dict)
    settled: Settled = field(default_factory=Settled)

    @classmethod
    def of(
        cls,
        flow: str,
        source: TaskBatch,
        watermarks: dict[str, int],
        live_append_ms: npt.NDArray[np.int64],
        settled: Settled | None = None,
    ) -> Changes:
        """Returns changes without rows: who writes, and how far the task has come with a batch.

        Args:
            flow: The flow's name.
            source: The batch after which the rows are due.
            watermarks: Watermark by topic after it.
            live_append_ms: Append times of live records that the rows first contain.
            settled: How far the task's time has come.
        """
        return cls(
            flow=flow,
            task=source.task,
            generation=source.generation,
            offsets=source.offsets,
            watermarks=watermarks,
            cluster_id=source.cluster_id,
            topic_ids=source.topic_ids,
            partitions=source.partitions,
            claimed=source.claimed,
            live_append_ms=live_append_ms,
            settled=settled or Settled(),
        )
