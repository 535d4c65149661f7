"""Where students stop, how assessments went, and whether they talk."""

from __future__ import annotations

from grafana_foundation_sdk.builders import barchart, table

from grafana import columns, links, panels, scales, theme
from grafana.boards.overview.summary import EXPORT
from grafana.postgres import Sql
from grafana.queries import load
from grafana.thresholds import Thresholds


def drop(limits: Thresholds) -> table.Panel:
    """Returns the chapters that most students leave."""
    panel = panels.rows(
        "Chapters that students leave",
        "Drop-off: the share of a chapter's students who read less than half of it, did not complete it and have not "
        f"been back for seven days. All classes, over all time, from {limits.students_least} students on. Click a "
        "course for more.",
        Sql(load("overview/drop", students_least=limits.students_least, chapters_shown=limits.chapters_shown)),
    )
    link = links.drill("This course", "chapters", course="course_id")
    panel.override_by_name("Course", [*columns.links(link), columns.width(110)])
    panel.override_by_name("course_id", columns.hidden())
    panel.override_by_name("Drop-off", columns.gauge(scales.risk_steps(0.25, 0.5), theme.SHARE, 1))
    panel.override_by_name("Students", columns.number(theme.COUNT, 85))
    panel.override_by_name("Completed", columns.number(theme.SHARE, 95, decimals=0))
    return panel.no_value("No chapter loses students")


def scores() -> barchart.Panel:
    """Returns how many attempts ended where."""
    panel = panels.minutes(
        "How assessments went",
        f"Attempts at module quizzes by ten points of score, in the chosen time and classes. {EXPORT}",
        Sql(load("overview/scores")),
        "Score",
    ).unit(theme.COUNT)
    panel.x_tick_label_spacing(0)
    panel.override_by_name("Passed", [columns.colour(theme.GOOD)])
    panel.override_by_name("Failed", [columns.colour(theme.BAD)])
    return panel


def forum() -> barchart.Panel:
    """Returns posts a day."""
    panel = panels.minutes(
        "Forum posts, day by day",
        "What students wrote in forums, in the chosen time and classes. A flat line: no forum, or nobody talks.",
        Sql(load("overview/forum")),
        "Day",
    ).unit(theme.COUNT)
    panel.override_by_name("Day", [columns.prop("unit", "time:DD MMM")])
    panel.override_by_name("Posts", [columns.colour(theme.NEUTRAL)])
    return panel
