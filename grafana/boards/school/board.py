"""School: enrolments, completions, revenue, who stays, which courses do well, and where students are."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana import variables
from grafana.boards import frame
from grafana.boards.school import courses, people
from grafana.layout import Shelf, place
from grafana.postgres import SCHOOL
from grafana.thresholds import Thresholds

FOLDER: Final = "School"


def build(limits: Thresholds) -> Dashboard:
    """Returns the board. It asks as a reader who sees no student."""
    board = frame.board(
        "school",
        "School",
        "Enrolments, completions, revenue, who stays, which courses do well, and where students are.",
        "administrators",
        since="now-90d",
        refresh="5m",
    ).variables([variables.choice("course", "Course", "Courses to show.", SCHOOL)])
    return place(
        board,
        [
            Shelf(3, (19, frame.state(limits, "content", "school/found", SCHOOL)), (5, frame.as_of())),
            Shelf(4, (24, courses.headline())),
            Shelf(9, (12, courses.enrolments()), (12, courses.revenue())),
            Shelf(9, (12, people.active()), (12, people.retention(limits))),
            Shelf(10, (13, courses.top(limits)), (11, courses.bottom(limits))),
            Shelf(9, (9, people.geography()), (8, people.devices()), (7, people.pages(limits))),
            Shelf(6, (24, people.late(limits))),
        ],
    )
