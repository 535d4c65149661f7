"""What the memory of a task has to say at a write, and how decoded attempts come into it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from dataflows.memory import rows
from dataflows.memory.attempts import Scored
from dataflows.memory.memories import Memories
from dataflows.memory.recommend import recommendation_records
from dataflows.memory.signals import FROM_THE_START
from dataflows.operators.segments import Ints


@dataclass(slots=True)
class Written:
    """What changed since the last write.

    Attributes:
        rows: Rows to upsert, by table.
        replaces: Stretches of time that these rows fill wholly, by table.
        records: (key, value) of recommendations.
    """

    rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    replaces: dict[str, pl.DataFrame] = field(default_factory=dict)
    records: list[tuple[bytes, bytes]] = field(default_factory=list)


def scored(memories: Memories, attempts: pl.DataFrame) -> Scored:
    """Returns attempts as numbers, giving new pairs and domains their codes.

    Args:
        memories: The task's memory.
        attempts: event_ms, id_hi, id_lo, place, user_id, module, score, domain.
    """
    return Scored(
        attempts["event_ms"].to_numpy(),
        attempts["id_hi"].to_numpy(),
        attempts["id_lo"].to_numpy(),
        attempts["place"].to_numpy(),
        memories.pairs.codes(attempts["user_id"].to_list(), attempts["module"].to_list()),
        attempts["score"].to_numpy(),
        memories.domains.codes(attempts["domain"].to_list()).astype(np.int32),
    )


def write(memories: Memories, task: int, low_ms: int) -> Written:
    """Returns what changed and what fell due, and takes it as written.

    Args:
        memories: The task's memory.
        task: The task's number.
        low_ms: Up to when every topic of the task has been read.
    """
    out = Written()
    left = memories.left_pairs()
    reviewed, pairs = memories.changed_reviews(), memories.standing.changed()
    signals = memories.signals.due(low_ms)
    out.records = recommendation_records(memories, signals)
    for name, frame in (
        ("memory_reviews", rows.review_rows(memories, reviewed)),
        ("memory_state", rows.state_rows(memories, pairs, task)),
        ("revision_signal_facts", rows.signal_rows(memories, signals)),
    ):
        if len(frame):
            out.rows[name] = frame
    _replace(out, memories, left, low_ms)
    return out


def _replace(out: Written, memories: Memories, left: Ints, low_ms: int) -> None:
    pair, since = memories.signals.waiting.stretches(low_ms)
    if len(pair):
        out.replaces["revision_signal_facts"] = rows.stretch_rows(memories, pair, since, "module_id")
    if len(left):
        whole = rows.stretch_rows(memories, left, np.full(len(left), FROM_THE_START), "module")
        out.replaces |= {"memory_reviews": whole, "memory_state": whole}
