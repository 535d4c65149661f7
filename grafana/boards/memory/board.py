"""Quizzes & Memory: how modules went, what is being forgotten, by whom and by when."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana import variables
from grafana.boards import frame
from grafana.boards.memory import forgetting, quizzes
from grafana.layout import Shelf, place
from grafana.thresholds import Thresholds

FOLDER: Final = "Teaching"


def build(limits: Thresholds) -> Dashboard:
    """Returns the board; its time range ends a week from now, because forgetting can be foretold."""
    board = frame.board(
        "memory",
        "Quizzes & Memory",
        "How modules went, what is being forgotten, by whom and by when. How it is computed: docs/forgetting.md.",
        "teachers",
        since="now-28d",
        until="now+7d",
        refresh="1m",
    ).variables(
        [
            *variables.grade_class_course()[:2],
            variables.choice("module", "Module", "Modules to show."),
        ]
    )
    return place(
        board,
        [
            Shelf(3, (19, frame.state(limits, "memory", "memory/found")), (5, frame.as_of())),
            Shelf(4, (24, forgetting.headline(limits))),
            Shelf(9, (24, forgetting.trend(limits))),
            Shelf(10, (24, forgetting.cohorts(limits))),
            Shelf(11, (12, forgetting.queue(limits)), (12, forgetting.soon(limits))),
            Shelf(9, (12, quizzes.modules(limits)), (12, quizzes.scores(limits))),
            Shelf(9, (12, quizzes.failure(limits)), (12, quizzes.gaps(limits))),
        ],
    )
