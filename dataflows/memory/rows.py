"""From the state to rows of the memory tables; numbers are rounded here and nowhere else."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from dataflows.memory.fold import due_after
from dataflows.memory.memories import Memories, Reviewed
from dataflows.memory.signals import FROM_THE_START, NOT_REVIEWED, Signals
from dataflows.operators.frames import uuids
from dataflows.operators.segments import Ints
from dataflows.scores.forgetting import Floats

DAYS_DIGITS: Final = 6
DECAY_DIGITS: Final = 8
RETENTION_DIGITS: Final = 4

#: Before every event: since when a pair is replaced wholly.
_EARLIEST_MS: Final = 0


def attempt_rows(attempts: pl.DataFrame) -> pl.DataFrame:
    """Returns rows of `quiz_attempts`; of an attempt that two topics told otherwise, the later telling is believed."""
    attempts = attempts.unique(("id_hi", "id_lo"), keep="last", maintain_order=True)
    return attempts.select(
        pl.col("event_ms").cast(pl.Datetime("ms")).alias("attempted_at"),
        pl.Series("event_id", uuids(attempts["id_hi"].to_numpy(), attempts["id_lo"].to_numpy())),
        *("user_id", "class_id", "domain", "course", "module", "quiz_type", "score"),
        pl.col("time_taken").alias("time_taken_seconds"),
        "place",
    )


def learning_rows(facts: pl.DataFrame) -> pl.DataFrame:
    """Returns rows of `learning_events`, each event once: as the topic of the lowest rank told it first."""
    facts = facts.sort("place").unique(("user_id", "id_hi", "id_lo"), keep="first", maintain_order=True)
    return facts.select(
        pl.col("event_ms").cast(pl.Datetime("ms")).alias("event_time"),
        pl.Series("event_id", uuids(facts["id_hi"].to_numpy(), facts["id_lo"].to_numpy())),
        *("user_id", "kind", "domain", "course", "module", "class_id", "place"),
    )


def review_rows(memories: Memories, reviewed: Reviewed) -> pl.DataFrame:
    """Returns rows of `memory_reviews`."""
    held = memories.attempts.of(reviewed.row)
    return pl.DataFrame(
        {
            "reviewed_at": _times(held.time_ms),
            "event_id": uuids(held.hi, held.lo),
            "user_id": (names := memories.pairs.names(held.pair))["user_id"],
            "domain": _texts(memories.domains.values, held.domain),
            "module": names["module"],
            "score": held.score,
            "counted": reviewed.counted,
            "model": _texts(memories.models, memories.standing.model[held.pair]),
            "interval_days": _numbers(reviewed.interval_days, DAYS_DIGITS),
            "stability": _numbers(reviewed.stability, DAYS_DIGITS),
            "difficulty": _numbers(reviewed.difficulty, DAYS_DIGITS),
            "retention_before": _numbers(reviewed.before, RETENTION_DIGITS),
        }
    )


def state_rows(memories: Memories, pairs: Ints, task: int) -> pl.DataFrame:
    """Returns rows of `memory_state`."""
    curves = memories.standing.curves.take(pairs)
    return pl.DataFrame(
        {
            **memories.pairs.names(pairs).to_dict(),
            "domain": _texts(memories.domains.values, memories.standing.domain[pairs]),
            "task": np.full(len(pairs), task, np.int64),
            "model": _texts(memories.models, memories.standing.model[pairs]),
            "last_score": curves.score,
            "last_reviewed_at": _times(curves.last_ms),
            "next_review_at": _times(due_after(curves.last_ms, curves.interval_days)),
            "interval_days": _numbers(curves.interval_days, DAYS_DIGITS),
            "stability": _numbers(curves.stability, DAYS_DIGITS),
            "decay_factor": _numbers(curves.decay_factor, DECAY_DIGITS),
            "difficulty": _numbers(curves.difficulty, DAYS_DIGITS),
            "reviews": curves.reviews,
        }
    )


def signal_rows(memories: Memories, signals: Signals) -> pl.DataFrame:
    """Returns rows of `revision_signal_facts`."""
    names = memories.pairs.names(signals.pair)
    reviewed = pl.Series(signals.reviewed_ms)
    return pl.DataFrame(
        {
            "user_id": names["user_id"],
            "module_id": names["module"],
            "scheduled_at": _times(signals.due_ms),
            "reviewed_at": pl.select(
                pl.when(reviewed != NOT_REVIEWED).then(reviewed).cast(pl.Datetime("ms"))
            ).to_series(),
            "created_at": _times(signals.due_ms),
        }
    )


def stretch_rows(memories: Memories, pairs: Ints, since_ms: Ints, module: str) -> pl.DataFrame:
    """Returns what `Changes.replaces` wants: the pair, and since when its rows make way.

    Args:
        memories: The task's memory.
        pairs: Whose rows.
        since_ms: Since when; `FROM_THE_START` for all.
        module: What the table calls its column of modules.
    """
    since = np.where(since_ms == FROM_THE_START, _EARLIEST_MS, since_ms)
    return memories.pairs.names(pairs).rename({"module": module}).with_columns(since=_times(since))


def _times(values: Ints) -> pl.Series:
    return pl.Series(values, dtype=pl.Int64).cast(pl.Datetime("ms"))


def _numbers(values: Floats, digits: int) -> pl.Series:
    return pl.Series(np.round(values, digits), nan_to_null=True)


def _texts(values: list[Any], codes: Any) -> pl.Series:  # noqa: ANN401
    return pl.Series(values, dtype=pl.String).gather(codes)
