"""Enrolments, completions and revenue, over time and by course."""

from __future__ import annotations

from grafana_foundation_sdk.builders import barchart, stat, table
from grafana_foundation_sdk.models import common

from grafana import columns, panels, scales, theme
from grafana.postgres import SCHOOL, Sql
from grafana.queries import load
from grafana.thresholds import Thresholds


def headline() -> stat.Panel:
    """Returns the sums of the chosen time, and who was active at its end."""
    panel = (
        panels.figures(
            "In the chosen time",
            "Enrolments, completions, leavings and revenue (in the currency of the prices sent) of the chosen courses; "
            "students of the whole school who did something on the last day, in the seven and in the thirty days to "
            "it.",
            Sql(load("school/headline"), source=SCHOOL),
        )
        .unit(theme.COUNT)
        .decimals(0)
        .orientation(common.VizOrientation.VERTICAL)
        .color_scheme(panels.fixed(theme.NEUTRAL))
    )
    panel.override_by_name("Completions", [columns.colour(theme.GOOD)])
    panel.override_by_name("Left", [columns.colour(theme.ABSENT)])
    return panel


def enrolments() -> barchart.Panel:
    """Returns who came, finished and left, day by day."""
    panel = panels.minutes(
        "Enrolments, completions, leavings",
        "By day, of the chosen courses.",
        Sql(load("school/enrolments"), source=SCHOOL),
        "Day",
    ).unit(theme.COUNT)
    panel.override_by_name("Day", [columns.prop("unit", "time:DD MMM")])
    colours = {"Enrolments": theme.NEUTRAL, "Completions": theme.GOOD, "Left": theme.ABSENT}
    for name, properties in columns.fixed(colours).items():
        panel.override_by_name(name, properties)
    return panel


def revenue() -> barchart.Panel:
    """Returns revenue, day by day."""
    panel = panels.minutes(
        "Revenue",
        "Prices of enrolments by day, in the currency in which the platform sends them. Enrolments without a price "
        "count 0.",
        Sql(load("school/revenue"), source=SCHOOL),
        "Day",
    ).unit(theme.COUNT)
    panel.override_by_name("Day", [columns.prop("unit", "time:DD MMM")])
    panel.override_by_name("Revenue", [columns.colour(theme.NEUTRAL)])
    return panel


def top(limits: Thresholds) -> table.Panel:
    """Returns the courses with most students."""
    panel = panels.rows(
        "Largest courses",
        "By students so far; time a student is that on chapters, over all time. Enrolments, completions and revenue "
        "are of "
        "the chosen time.",
        Sql(load("school/top", lines_shown=limits.lines_shown), source=SCHOOL),
    )
    panel.override_by_name("Students so far", columns.bar())
    panel.override_by_name("Time a student", [columns.prop("unit", theme.HOURS), columns.prop("decimals", 0)])
    for name in ("Enrolments", "Completions", "Revenue"):
        panel.override_by_name(name, columns.number(theme.COUNT, 105))
    return panel.no_value("No course was visited yet")


def bottom(limits: Thresholds) -> table.Panel:
    """Returns the courses that lose most students."""
    panel = panels.rows(
        "Courses that lose most",
        "Drop-off: the share of students and chapters left less than half read for a week, over all time. Courses with "
        f"fewer than {limits.students_least} students are left out.",
        Sql(load("school/bottom", lines_shown=limits.lines_shown, students_least=limits.students_least), source=SCHOOL),
    )
    panel.override_by_name("Drop-off", columns.gauge(scales.risk_steps(0.25, 0.5), theme.SHARE, 1))
    panel.override_by_name("Time a student", [columns.prop("unit", theme.HOURS), columns.prop("decimals", 0)])
    for name in ("Students so far", "Left"):
        panel.override_by_name(name, columns.number(theme.COUNT, 110))
    return panel.no_value("No course is large enough to judge")
