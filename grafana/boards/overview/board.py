"""Instructor Overview: the classes side by side, who may be lost and why, and how assessments went."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana import variables
from grafana.boards import frame
from grafana.boards.overview import summary, work
from grafana.layout import Shelf, place
from grafana.thresholds import Thresholds

FOLDER: Final = "Teaching"


def build(limits: Thresholds) -> Dashboard:
    """Returns the board; `limits` say from when a student is called at risk."""
    board = frame.board(
        "overview",
        "Instructor Overview",
        "The classes side by side, who may be lost and why, where students stop, and how assessments went.",
        "teachers",
        since="now-28d",
        refresh="5m",
    ).variables([*variables.grade_class_course()])
    return place(
        board,
        [
            Shelf(3, (19, frame.state(limits, "content", "overview/found")), (5, frame.as_of())),
            Shelf(9, (24, summary.classes(limits))),
            Shelf(12, (24, summary.risk(limits))),
            Shelf(9, (13, summary.reasons(limits)), (11, work.drop(limits))),
            Shelf(9, (24, summary.fast(limits))),
            Shelf(9, (12, work.scores()), (12, work.forum())),
        ],
    )
