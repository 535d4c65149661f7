"""Live Class: who is here, who is drifting away, and where in the material they are, right now."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard, TimePicker
from grafana_foundation_sdk.models import dashboard

from grafana import links, variables
from grafana.boards import frame
from grafana.boards.live_class import data_quality, now, people, places, times
from grafana.layout import Shelf, place
from grafana.thresholds import Thresholds

UID: Final = links.BOARDS["live_class"]
TITLE: Final = "Live Class"
FOLDER: Final = "Teaching"


def build(limits: Thresholds) -> Dashboard:
    """Returns the board; `limits` decide the colours and the length of the list of students."""
    board = (
        Dashboard(TITLE)
        .uid(UID)
        .description("Who is here, who is drifting away, and where in the material they are, right now.")
        .tags(["classpulse", "live", "teachers"])
        .readonly()
        .refresh("5s")
        .time("now-1h", "now")
        .timezone("browser")
        .timepicker(TimePicker().refresh_intervals(["5s", "10s", "30s", "1m", "5m"]))
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .link(frame.others("teachers"))
        .variables([*variables.grade_class_course()])
    )
    return place(
        board,
        [
            Shelf(3, (17, now.state()), (4, now.as_of()), (3, now.lag(limits))),
            Shelf(5, (14, now.headline(limits)), (5, now.idle_share(limits)), (5, now.engagement(limits))),
            Shelf(6, (24, people.whom_first())),
            Shelf(13, (15, people.students(limits)), (9, times.trend())),
            Shelf(9, (13, places.classes(limits)), (11, places.heatmap(limits))),
            Shelf(
                8, (10, places.chapters(limits)), (5, places.subjects()), (4, places.devices()), (5, places.browsers())
            ),
            Shelf(9, (14, people.events()), (10, people.sessions())),
            Shelf(8, (24, times.lesson(limits))),
            Shelf(10, (12, places.time(limits)), (12, people.log(limits))),
            Shelf(7, (12, places.grades(limits)), (12, data_quality.quality(limits))),
        ],
    )
