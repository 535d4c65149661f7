"""Live Class: who is here, who is drifting away, and where in the material they are, right now."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import barchart, gauge, stat, table, timeseries
from grafana_foundation_sdk.builders.common import ReduceDataOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, TimePicker
from grafana_foundation_sdk.models import common, dashboard

from grafana import columns, links, panels, shaping, theme, thresholds, variables
from grafana.layout import Shelf, place
from grafana.postgres import Shared, Sql
from grafana.queries import load
from grafana.thresholds import Thresholds

UID: Final = links.BOARDS["live_class"]
TITLE: Final = "Live Class"
FOLDER: Final = "Teaching"
HEADLINE_ID: Final = 4
COLUMNS: Final = (
    "kind",
    "label",
    "place",
    "Active now",
    "Idle",
    "Present",
    "Absent",
    "Enrolled",
    "Idle share",
    "Engagement",
    "State",
    "As of",
    "Lag",
)  # of the headline's answer


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
        .variables([*variables.grade_class_course()])
    )
    return place(
        board,
        [
            Shelf(3, (17, state()), (4, as_of()), (3, lag(limits))),
            Shelf(5, (14, headline(limits)), (5, idle_share(limits)), (5, engagement(limits))),
            Shelf(13, (15, students(limits)), (9, trend())),
            Shelf(9, (13, classes(limits)), (11, heatmap(limits))),
            Shelf(8, (10, chapters(limits)), (5, subjects()), (4, devices()), (5, browsers())),
            Shelf(9, (14, events()), (10, sessions())),
            Shelf(8, (24, lesson(limits))),
        ],
    )


def state() -> stat.Panel:
    """Returns the sentence that tells a quiet class from a missing roster and a broken pipeline."""
    starts = {
        "Live": theme.GOOD,
        "Quiet": theme.PRESENT,
        "No roster": theme.WATCH,
        "Nobody": theme.WATCH,
        "No data": theme.BAD,
        "Pipeline": theme.BAD,
    }
    mappings = [
        dashboard.RegexMap(
            options=dashboard.DashboardRegexMapOptions(
                pattern=f"/^({start}.*)$/", result=dashboard.ValueMappingResult(text="$1", color=colour, index=index)
            )
        )
        for index, (start, colour) in enumerate(starts.items())
    ]
    return (
        panels.sentence(
            "What you are looking at",
            "One sentence about the chosen students. Green: live. Blue: data flows, but nobody is here. "
            "Amber: the roster is missing or nothing matches. Red: the numbers cannot be trusted right now.",
            Shared(HEADLINE_ID),
        )
        .with_transformation(shaping.only("kind", "all"))
        .reduce_options(_only("State"))
        .mappings([*mappings])
        .thresholds(thresholds.steps(theme.BAD))
        .color_scheme(panels.thresholds_decide())
        .no_value("The database does not answer: your administrator can run 'classpulse doctor'.")
    )


def as_of() -> stat.Panel:
    """Returns the time up to which everything has been counted."""
    return (
        panels.figures(
            "As of",
            "Everything that happened before this time is in the numbers on this page.",
            Shared(HEADLINE_ID),
        )
        .with_transformation(shaping.only("kind", "all"))
        .reduce_options(_only("As of"))
        .text_mode(common.BigValueTextMode.VALUE)
        .unit(theme.MOMENT)
        .color_scheme(panels.fixed("text"))
    )


def lag(limits: Thresholds) -> stat.Panel:
    """Returns how far the numbers are behind the clock."""
    return (
        panels.figures(
            "Lag",
            f"How far the numbers are behind the clock. From {limits.lag_stalled_s} s on we call it stalled.",
            Shared(HEADLINE_ID),
        )
        .with_transformation(shaping.only("kind", "all"))
        .reduce_options(_only("Lag"))
        .text_mode(common.BigValueTextMode.VALUE)
        .unit(theme.SECONDS)
        .decimals(0)
        .thresholds(thresholds.lag_steps(limits))
        .color_scheme(panels.thresholds_decide())
    )


def headline(limits: Thresholds) -> stat.Panel:
    """Returns the five counts beside each other: a share without its base misleads."""
    panel = (
        panels.figures(
            "Who is here",
            "Active now: did something in the last minutes (a playing video counts). Idle: here, but nothing done for "
            "5 minutes (a class may set another time) or reported idle. Present = active + idle. Absent: on the "
            "roster, not here. A student in several classes counts once.",
            Sql(load("live_class/now", lag_stalled_s=limits.lag_stalled_s)),
        )
        .with_transformation(shaping.only("kind", "all"))
        .reduce_options(_only("Active now|Idle|Present|Absent|Enrolled"))
    )
    colours = {
        "Active now": theme.ACTIVE,
        "Idle": theme.IDLE,
        "Present": theme.PRESENT,
        "Absent": theme.ABSENT,
        "Enrolled": theme.ENROLLED,
    }
    panel.unit(theme.COUNT).orientation(common.VizOrientation.VERTICAL)
    for name, properties in columns.fixed(colours).items():
        panel.override_by_name(name, properties)
    return panel


def idle_share(limits: Thresholds) -> stat.Panel:
    """Returns the share of those present that are not active."""
    return (
        panels.figures(
            "Idle share",
            f"Of those present, the share that is idle. Red from {limits.idle_share_high:.0%} on.",
            Shared(HEADLINE_ID),
        )
        .with_transformation(shaping.only("kind", "all"))
        .reduce_options(_only("Idle share"))
        .text_mode(common.BigValueTextMode.VALUE)
        .color_mode(common.BigValueColorMode.BACKGROUND)
        .unit(theme.SHARE)
        .decimals(0)
        .thresholds(thresholds.idle_steps(limits))
        .color_scheme(panels.thresholds_decide())
        .mappings([theme.nothing_mapping()])
    )


def engagement(limits: Thresholds) -> gauge.Panel:
    """Returns the mean score of those present."""
    return (
        panels.dial(
            "Engagement",
            "Mean engagement score of those present, 0 to 100: how recent, how intense and how long the work is, "
            "and how many days in a row the student has come.",
            Shared(HEADLINE_ID),
            "Engagement",
        )
        .with_transformation(shaping.only("kind", "all"))
        .thresholds(thresholds.score_steps(limits))
    )


def students(limits: Thresholds) -> table.Panel:
    """Returns the chosen students, those first that need someone."""
    panel = panels.rows(
        "Students",
        "Idle longest first, then active by lowest engagement, then absent by name. "
        f"At most {limits.students_shown} are listed; choose a class to see all of it.",
        Sql(load("live_class/students", students_shown=limits.students_shown)),
    )
    link = links.drill("This student", "student", student="student_id")
    panel.override_by_name("Student", [*columns.links(link), columns.width(140)])
    panel.override_by_name("Status", [*columns.pill(theme.status_mapping()), columns.width(70)])
    panel.override_by_name("Class", [columns.width(90)])
    panel.override_by_name("Ago", [*columns.ago(), columns.width(90)])
    panel.override_by_name("Engagement", columns.gauge(thresholds.score_steps(limits), theme.SCORE, 100))
    panel.override_by_name("Last did", [columns.width(135)])
    for key in ("student_id", "class_id"):
        panel.override_by_name(key, columns.hidden())
    return panel


def trend() -> barchart.Panel:
    """Returns the last ten minutes of `active_5m`."""
    return (
        panels.minutes(
            "Active in the last 10 minutes",
            "A bar a minute: students who did something in the five minutes that end with it. Pale bars are still "
            "counting. 'Active now' looks at this instant, so it may differ a little. Follows the class; without one "
            "the grade; without either the course.",
            Sql(load("live_class/trend")),
            "Minute",
        )
        .unit(theme.COUNT)
        .decimals(0)
        .override_by_name("Minute", [columns.prop("unit", "time:HH:mm")])
        .override_by_name("Settled", [columns.colour(theme.NEUTRAL)])
        .override_by_name("Still counting", [columns.colour(theme.PROVISIONAL)])
    )


def classes(limits: Thresholds) -> table.Panel:
    """Returns one row a class; its name leads to the class alone."""
    panel = panels.rows(
        "Classes",
        "The same counts, class by class. Click a class to see only that one.",
        Sql(load("live_class/classes")),
    )
    link = links.drill("Only this class", "live_class", **{"class": "class_id"})
    panel.override_by_name("Class", [*columns.links(link), columns.width(95)])
    colours = {"Active": theme.ACTIVE, "Idle": theme.IDLE, "Absent": theme.ABSENT}
    for name, value in colours.items():
        cell = columns.prop("custom.cellOptions", {"type": "color-text"})
        panel.override_by_name(name, [columns.colour(value), cell, columns.width(60)])
    for name in ("Present", "Enrolled"):
        panel.override_by_name(name, [columns.width(70)])
    panel.override_by_name("Idle share", columns.gauge(thresholds.idle_steps(limits), theme.SHARE, 1))
    panel.override_by_name("Engagement", columns.gauge(thresholds.score_steps(limits), theme.SCORE, 100))
    panel.override_by_name("class_id", columns.hidden())
    return panel


def heatmap(limits: Thresholds) -> table.Panel:
    """Returns class × chapter: a cell is the number of students at work there."""
    cells = [
        columns.prop("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
        columns.prop("color", {"mode": "continuous-blues"}),
        columns.prop("custom.align", "center"),
        columns.prop("custom.minWidth", 95),
        columns.prop("min", 0),
    ]
    return (
        panels.rows(
            "Classes × chapters",
            "Students at work on each chapter in the last five minutes, class by class; darker is more. Whoever worked "
            f"on two chapters counts in both. The {limits.chapters_shown} busiest chapters; the choice of course does "
            "not apply here.",
            Sql(load("live_class/heatmap", chapters_shown=limits.chapters_shown)),
        )
        .with_transformation(
            dashboard.DataTransformerConfig(
                id_val="groupingToMatrix",
                options={"columnField": "Chapter", "rowField": "Class", "valueField": "Students", "emptyValue": "null"},
            )
        )
        .override_by_regexp("/^(?!Class).*/", cells)
        .override_by_regexp("/^Class/", [columns.prop("displayName", "Class"), columns.width(110)])
        .no_value("")
    )


def chapters(limits: Thresholds) -> table.Panel:
    """Returns the chapters that most students are on."""
    panel = _places(
        panels.rows(
            "Top chapters",
            "Where those present are: the chapter of each student's last action. Many idle and a low score: it stalls.",
            Shared(HEADLINE_ID),
        ),
        "chapter",
        {"label": "Chapter", "place": "Course", "Active now": "Active", "Idle": "Idle", "Engagement": "Engagement"},
    )
    for name, value in {"Active": theme.ACTIVE, "Idle": theme.IDLE}.items():
        cell = columns.prop("custom.cellOptions", {"type": "color-text"})
        panel.override_by_name(name, [columns.colour(value), cell, columns.width(60)])
    panel.override_by_name("Engagement", columns.gauge(thresholds.score_steps(limits), theme.SCORE, 100))
    return panel


def subjects() -> table.Panel:
    """Returns the subjects that most active students are on."""
    panel = panels.bars(
        "Top subjects", "Active students by the subject of their last action.", Shared(HEADLINE_ID), "Students"
    )
    return _places(panel, "subject", {"label": "Subject", "Active now": "Students"})


def devices() -> table.Panel:
    """Returns what those present hold in their hands."""
    panel = panels.bars("Devices", "Those present, by the device last used.", Shared(HEADLINE_ID), "Students")
    return _places(panel, "device", {"label": "Device", "Present": "Students"})


def browsers() -> table.Panel:
    """Returns the browsers of those present."""
    panel = panels.bars("Browsers", "Those present, by the browser last used.", Shared(HEADLINE_ID), "Students")
    return _places(panel, "browser", {"label": "Browser", "Present": "Students"})


def events() -> table.Panel:
    """Returns the latest twenty events."""
    return (
        panels.rows("Latest 20 events", "What students did last, newest first.", Sql(load("live_class/events")))
        .override_by_name("Time", [columns.prop("unit", theme.CLOCK), columns.width(85)])
        .override_by_name("Student", [columns.width(140)])
    )


def sessions() -> table.Panel:
    """Returns who came and who left."""
    came_and_left = dashboard.ValueMap(
        options={
            "arrived": dashboard.ValueMappingResult(text="Arrived", color=theme.ACTIVE, index=0),
            "left": dashboard.ValueMappingResult(text="Left", color=theme.OFFLINE, index=1),
        }
    )
    return (
        panels.rows(
            "Arrivals and departures",
            "The latest 20 sessions that students began or ended themselves, newest first.",
            Sql(load("live_class/sessions")),
        )
        .override_by_name("Time", [columns.prop("unit", theme.CLOCK), columns.width(85)])
        .override_by_name("Student", [columns.width(140)])
        .override_by_name("What", [*columns.pill(came_and_left), columns.width(80)])
    )


def lesson(limits: Thresholds) -> timeseries.Panel:
    """Returns each class's score over the chosen time."""
    return (
        panels.lines(
            "Engagement through the chosen time",
            "Mean score of each class, minute by minute, 0 to 100; final minutes only, so it ends about two minutes "
            f"ago. Above {limits.lines_shown} classes a line a grade. Uses the time range at the top right.",
            Sql(load("live_class/lesson", lines_shown=limits.lines_shown), "time_series"),
            "Class",
        )
        .min(0)
        .max(100)
        .decimals(0)
        .thresholds(thresholds.score_steps(limits))
    )


def _only(names: str) -> ReduceDataOptions:
    return ReduceDataOptions().calcs(panels.LAST).fields(f"/^({names})$/").values(False)


def _places(panel: table.Panel, kind: str, shown: dict[str, str]) -> table.Panel:
    hidden = [name for name in COLUMNS if name not in shown]
    return panel.with_transformation(shaping.only("kind", kind)).with_transformation(shaping.renamed(shown, hidden))
