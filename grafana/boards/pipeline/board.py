"""Pipeline: what comes in, how far it got, what was refused, and how each worker fares."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.boards import frame
from grafana.boards.pipeline import database, workers
from grafana.layout import Shelf, place
from grafana.marks import marks
from grafana.postgres import OPERATORS
from grafana.thresholds import Thresholds

FOLDER: Final = "Operations"


def build(limits: Thresholds) -> Dashboard:
    """Returns the board; `limits` say when a lag is watched and when it is called stalled."""
    board = frame.board(
        "pipeline",
        "Pipeline",
        "What comes in, how far it got, what was refused, and how each worker fares.",
        "operators",
        "live",
        since="now-1h",
        refresh="10s",
    ).annotation(marks())
    state = frame.state(limits, "engagement", "pipeline/found", OPERATORS, lag_stalled_s=limits.lag_stalled_s)
    return place(
        board,
        [
            Shelf(3, (19, state), (5, frame.as_of())),
            Shelf(7, (24, database.freshness(limits))),
            Shelf(8, (8, workers.throughput()), (8, workers.freshness(limits)), (8, workers.watermarks(limits))),
            Shelf(8, (8, workers.lag()), (8, workers.rejects()), (8, workers.late())),
            Shelf(8, (8, workers.writes()), (8, workers.failures()), (8, workers.snapshots(limits))),
            Shelf(8, (8, workers.up()), (8, workers.processor()), (8, workers.memory())),
            Shelf(8, (6, workers.windows()), (6, workers.overflow()), (12, database.watermarks())),
            Shelf(6, (8, database.night()), (16, database.waiting(limits))),
            Shelf(7, (24, database.reasons())),
            Shelf(9, (15, database.rejects(limits)), (9, database.anomalies(limits))),
        ],
    )
