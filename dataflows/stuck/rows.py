"""From episodes to rows of `stuck_episodes`."""

from __future__ import annotations

import json

import polars as pl

from dataflows.stuck.students import Reported

PER_MILLE = 1000


def episode_rows(reported: list[Reported], task: int) -> pl.DataFrame:
    """Returns the rows of all episodes that are reported."""
    pairs = [(one.student_id, episode) for one in reported for episode in one.episodes]
    moments = pl.Datetime("ms")
    return pl.DataFrame(
        {
            "began_at": pl.Series([e.began_ms for _, e in pairs], dtype=pl.Int64).cast(moments),
            "student_id": pl.Series([who for who, _ in pairs], dtype=pl.String),
            "item_id": pl.Series([e.item for _, e in pairs], dtype=pl.String),
            "task": pl.Series([task] * len(pairs), dtype=pl.Int64),
            "class_id": pl.Series([e.class_id or None for _, e in pairs], dtype=pl.String),
            "course_id": pl.Series([e.course_id or None for _, e in pairs], dtype=pl.String),
            "kind": pl.Series([e.kind for _, e in pairs], dtype=pl.String),
            "since": pl.Series([e.since_ms for _, e in pairs], dtype=pl.Int64).cast(moments),
            "chance": pl.Series([e.chance / PER_MILLE for _, e in pairs], dtype=pl.Float64),
            "evidence": pl.Series([json.dumps(e.evidence) for _, e in pairs], dtype=pl.String),
            "ended_at": pl.Series([e.ended_ms for _, e in pairs], dtype=pl.Int64).cast(moments),
            "outcome": pl.Series([e.outcome or None for _, e in pairs], dtype=pl.String),
        }
    )


def replaced_rows(reported: list[Reported]) -> pl.DataFrame:
    """Returns since when the rows of each student are reported wholly."""
    return pl.DataFrame(
        {
            "student_id": pl.Series([one.student_id for one in reported], dtype=pl.String),
            "since": pl.Series([one.since_ms for one in reported], dtype=pl.Int64).cast(pl.Datetime("ms")),
        }
    )
