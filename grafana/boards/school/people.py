"""Students of the whole school: how many, who stays, where they are and what they use."""

from __future__ import annotations

from grafana_foundation_sdk.builders import table, timeseries

from grafana import columns, panels, shaping, theme
from grafana.postgres import SCHOOL, Sql
from grafana.queries import load
from grafana.thresholds import Thresholds


def active() -> timeseries.Panel:
    """Returns daily, weekly and monthly active students."""
    panel = panels.days(
        "Active students",
        "Students of the whole school with an action on each day, in the seven and in the thirty days that end with "
        "it.",
        Sql(load("school/active"), source=SCHOOL),
    ).unit(theme.COUNT)
    colours = {"That day": theme.ACTIVE, "In 7 days": theme.NEUTRAL, "In 30 days": theme.ENROLLED}
    for name, properties in columns.fixed(colours).items():
        panel.override_by_name(name, properties)
    return panel.no_value("No day has been counted")


def retention(limits: Thresholds) -> table.Panel:
    """Returns week of enrolment × weeks since."""
    cells = [
        columns.prop("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
        columns.prop("color", {"mode": "continuous-blues"}),
        columns.prop("custom.align", "center"),
        columns.prop("custom.minWidth", 50),
        columns.prop("unit", theme.SHARE),
        columns.prop("decimals", 0),
        columns.prop("min", 0),
        columns.prop("max", 1),
    ]
    return (
        panels.rows(
            "Who stays",
            "A row a week of first enrolment; a column a week since: the share of those students who did something "
            "in that "
            f"week. Weeks with fewer than {limits.students_least} students are left out.",
            Sql(load("school/retention", students_least=limits.students_least), source=SCHOOL),
        )
        .with_transformation(shaping.ordered("Week"))
        .with_transformation(shaping.matrix("Week of enrolment", "Week", "Still active"))
        .with_transformation(shaping.ordered("Week of enrolment\\Week", descending=True))
        .mappings([])
        .override_by_regexp("/^[0-9]+$/", cells)
        .override_by_regexp("/^Week/", [columns.prop("displayName", "Enrolled in"), columns.width(110)])
        .no_value("")
    )


def geography() -> table.Panel:
    """Returns countries."""
    panel = panels.rows(
        "Countries",
        "Students of the last 30 days by the country that their sessions were in; addresses are never stored.",
        Sql(load("school/geography"), source=SCHOOL),
    )
    panel.override_by_name("Students", columns.bar())
    for name in ("Of sessions", "One page only"):
        panel.override_by_name(name, columns.number(theme.SHARE, 105, decimals=0))
    panel.override_by_name("Session", columns.number(theme.HOURS, 80, decimals=0))
    panel.override_by_name("Country", [columns.width(85)])
    return panel.no_value("No session in the last 30 days")


def devices() -> table.Panel:
    """Returns device types and browsers."""
    panel = panels.rows(
        "Devices and browsers",
        "Students of the last 30 days by what they used; who used two counts in both.",
        Sql(load("school/devices"), source=SCHOOL),
    )
    panel.override_by_name("Students", columns.bar())
    panel.override_by_name("Of sessions", columns.number(theme.SHARE, 105, decimals=0))
    panel.override_by_name("Kind", [columns.width(80)])
    return panel.no_value("No session in the last 30 days")


def late(limits: Thresholds) -> table.Panel:
    """Returns the days to which events were added after they were shown."""
    return panels.rows(
        "Added late",
        "Events that reached us too late for live results, as from devices that were offline: added by night to the "
        f"days on which they happened. The {limits.lines_shown} latest of these days in the chosen time.",
        Sql(load("school/late", lines_shown=limits.lines_shown), source=SCHOOL),
    ).no_value("No event of these days was added later")


def pages(limits: Thresholds) -> table.Panel:
    """Returns the most visited pages."""
    return panels.bars(
        "Top pages",
        f"The {limits.lines_shown} most visited pages in the chosen time; days are added when they are over.",
        Sql(load("school/pages", lines_shown=limits.lines_shown), source=SCHOOL),
        "Views",
    ).no_value("No day with a page is over yet")
