"""How a student's days and weeks look."""

from __future__ import annotations

from grafana_foundation_sdk.builders import barchart, stat, table
from grafana_foundation_sdk.models import common

from grafana import columns, panels, scales, theme
from grafana.postgres import Sql
from grafana.queries import load
from grafana.thresholds import Thresholds


def headline(limits: Thresholds) -> stat.Panel:
    """Returns the counts of the week and the averages of all time."""
    panel = (
        panels.figures(
            "At a glance",
            "Streak: days in a row with an action, days without lessons skipped. Active: minutes with an action in "
            "the last seven days. Time on chapters, average score, quizzes passed and steady weeks (two active days "
            "or more) are over all time. Risk: the sum of the reasons below, the highest of the courses; from "
            f"{limits.risk_enters} on it calls for a talk; a dash before day 14 of the term.",
            Sql(load("student/headline")),
        )
        .orientation(common.VizOrientation.VERTICAL)
        .decimals(0)
        .color_scheme(panels.fixed(theme.NEUTRAL))
    )
    panel.override_by_name("Streak", [columns.prop("unit", "suffix: d"), columns.colour(theme.GOOD)])
    for name in ("Active this week", "Time on chapters"):
        panel.override_by_name(name, [columns.prop("unit", theme.HOURS)])
    panel.override_by_name("Average score", columns.by_limits(scales.mark_steps(limits), theme.SCORE))
    panel.override_by_name("Quizzes passed", [columns.prop("unit", theme.PERCENT)])
    panel.override_by_name("Steady weeks", [columns.prop("unit", theme.SHARE)])
    risk = scales.risk_steps(limits.risk_enters / 2, limits.risk_enters)
    panel.override_by_name("Risk", [*columns.by_limits(risk, theme.SCORE), columns.prop("decimals", 1)])
    return panel


def days() -> barchart.Panel:
    """Returns a bar a day."""
    panel = panels.minutes(
        "Active minutes, day by day",
        "Minutes with an action on each day of the chosen time; a gap is a day without any.",
        Sql(load("student/days")),
        "Day",
    ).unit("m")
    panel.override_by_name("Day", [columns.prop("unit", "time:DD MMM")])
    panel.override_by_name("Active minutes", [columns.colour(theme.ACTIVE)])
    return panel


def hours() -> table.Panel:
    """Returns weekday × hour: a cell is the time in sessions."""
    return panels.week(
        "When in the week",
        "Time in sessions by the weekday and hour in which they began (the school's time zone); darker is more.",
        Sql(load("student/hours")),
        "Time",
        theme.HOURS,
    )


def sessions(limits: Thresholds) -> table.Panel:
    """Returns the sessions of the chosen time."""
    panel = panels.rows(
        "Sessions",
        "A session ends after half an hour without an action. Newest first.",
        Sql(load("student/sessions", students_shown=limits.students_shown)),
    )
    panel.override_by_name("Began", [columns.prop("unit", "dateTimeAsLocal"), columns.width(180)])
    panel.override_by_name("Lasted", [columns.prop("unit", theme.HOURS)])
    return panel.no_value("No session in the chosen time")
