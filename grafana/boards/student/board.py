"""Student: one student's days, courses and skills, beside the class, and what to do next."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana import variables
from grafana.boards import frame
from grafana.boards.student import progress, week
from grafana.layout import Shelf, place
from grafana.thresholds import Thresholds

FOLDER: Final = "Teaching"


def build(limits: Thresholds) -> Dashboard:
    """Returns the board."""
    board = frame.board(
        "student",
        "Student",
        "One student: days, courses and skills beside the class, and what to do next.",
        "teachers",
        since="now-28d",
        refresh="1m",
    ).variables(
        [
            variables.choice("class", "Class", "Narrows the list of students.", file="any_class"),
            variables.one("student", "Student", "Whom to show."),
        ]
    )
    return place(
        board,
        [
            Shelf(3, (19, frame.state(limits, "engagement", "student/found")), (5, frame.as_of())),
            Shelf(4, (24, week.headline(limits))),
            Shelf(9, (15, progress.courses()), (9, progress.against_class())),
            Shelf(10, (12, progress.steps(limits)), (12, progress.skills(limits))),
            Shelf(6, (24, progress.chances())),
            Shelf(10, (12, week.days()), (12, week.hours())),
            Shelf(8, (24, week.sessions(limits))),
        ],
    )
