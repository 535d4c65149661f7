"""Chapters & Content: where the time goes, where students stop, how videos are watched."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana import variables
from grafana.boards import frame
from grafana.boards.chapters import time, videos
from grafana.layout import Shelf, place
from grafana.thresholds import Thresholds

FOLDER: Final = "Teaching"


def build(limits: Thresholds) -> Dashboard:
    """Returns the board; `limits` decide the lengths of lists and which chapters are too small to judge."""
    board = frame.board(
        "chapters",
        "Chapters & Content",
        "Where the time goes, chapter by chapter, where students stop, and how videos are watched.",
        "teachers",
        since="now-28d",
        refresh="5m",
    ).variables(
        [
            variables.choice("course", "Course", "Courses to show."),
            variables.choice("video", "Video", "Videos to show, of the chosen courses."),
        ]
    )
    return place(
        board,
        [
            Shelf(3, (19, frame.state(limits, "content", "chapters/found")), (5, frame.as_of())),
            Shelf(13, (12, time.chapters(limits)), (12, time.average_median(limits))),
            Shelf(10, (11, time.distribution(limits)), (13, time.courses(limits))),
            Shelf(9, (14, time.highest_drop(limits)), (10, time.stops(limits))),
            Shelf(10, (24, time.hours())),
            Shelf(9, (24, videos.summary(limits))),
            Shelf(9, (14, videos.curve()), (10, videos.peaks(limits))),
        ],
    )
