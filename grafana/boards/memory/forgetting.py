"""What is being forgotten: now, in the past weeks, in the next days, and by whom."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import common, dashboard

from grafana import columns, links, panels, scales, theme
from grafana.postgres import Sql
from grafana.queries import load
from grafana.thresholds import Thresholds

URGENCIES = {"low": ("Revised", theme.GOOD), "medium": ("Due", theme.WATCH), "high": ("Long overdue", theme.BAD)}


def headline(limits: Thresholds) -> stat.Panel:
    """Returns the counts, and the share that is at risk."""
    panel = (
        panels.figures(
            "Memory now",
            "A curve is one student and one module with a scored quiz. Remembered: the mean chance to pass it now, "
            "calibrated on quizzes that were taken again. Due: a revision pays most from now on. Long overdue: twice "
            "that time has passed; their share of all curves. The model and its limits: docs/forgetting.md.",
            Sql(load("memory/headline")),
        )
        .unit(theme.COUNT)
        .orientation(common.VizOrientation.VERTICAL)
    )
    fixed = {
        "Students": theme.PRESENT,
        "Curves": theme.ENROLLED,
        "Due for revision": theme.WATCH,
        "Long overdue": theme.BAD,
    }
    for name, properties in columns.fixed(fixed).items():
        panel.override_by_name(name, properties)
    panel.override_by_name("Remembered", [columns.prop("unit", theme.SHARE), columns.colour(theme.NEUTRAL)])
    risk = scales.risk_steps(limits.forgetting_watch, limits.forgetting_high)
    panel.override_by_name("Overdue share", columns.by_limits(risk, theme.SHARE))
    return panel


def trend(limits: Thresholds) -> timeseries.Panel:
    """Returns due and long overdue, day by day, a week ahead."""
    panel = (
        panels.days(
            "Forgetting risk, past and to come",
            "Of all curves of the chosen students, the share that is due for revision and the share that is long "
            "overdue, at the end of each day. Dashed: what will come if nobody revises. Choose a longer time to see "
            "further.",
            Sql(load("memory/trend"), "table"),
        )
        .unit(theme.SHARE)
        .min(0)
        .max(1)
        .decimals(0)
        .thresholds(scales.risk_steps(limits.forgetting_watch, limits.forgetting_high))
    )
    for name, colour in {"Due": theme.WATCH, "Long overdue": theme.BAD}.items():
        measured = "Due for revision" if name == "Due" else name
        panel.override_by_name(measured, [columns.colour(colour)])
        dashed = columns.prop("custom.lineStyle", {"fill": "dash", "dash": [8, 8]})
        panel.override_by_name(f"{name}, if nobody revises", [columns.colour(colour), dashed])
    return panel


def cohorts(limits: Thresholds) -> table.Panel:
    """Returns class × module with what the next days bring."""
    panel = panels.rows(
        "Classes and modules at risk",
        "Remembered: the mean chance of a class's students to pass the module now, and in one, three and seven days if "
        "nobody revises, calibrated on quizzes that were taken again; least first. Long overdue: the share of its "
        "curves whose revision is. Students have a curve, of so many enrolled.",
        Sql(load("memory/cohorts", students_shown=limits.students_shown)),
    )
    colours = scales.chance_steps(limits)
    for name in ("Remembered", "Tomorrow", "In 3 days", "In 7 days"):
        panel.override_by_name(name, columns.gauge(colours, theme.SHARE, 1))
    panel.override_by_name("Long overdue", [columns.prop("unit", theme.SHARE), columns.prop("decimals", 0)])
    link = links.drill("This class and module", "memory", **{"class": "class_id", "module": "module"})
    panel.override_by_name("Class", [*columns.links(link), columns.width(110)])
    for key in ("class_id", "module"):
        panel.override_by_name(key, columns.hidden())
    return panel


def queue(limits: Thresholds) -> table.Panel:
    """Returns the revisions that wait."""
    urgency = dashboard.ValueMap(
        options={
            key: dashboard.ValueMappingResult(text=text, color=colour, index=index)
            for index, (key, (text, colour)) in enumerate(URGENCIES.items())
        }
    )
    panel = panels.rows(
        "Revision queue",
        "Revisions that fell due and were not made, least remembered first. A new quiz of the module takes the line "
        f"away. At most {limits.students_shown}.",
        Sql(load("memory/queue", students_shown=limits.students_shown)),
    )
    panel.override_by_name("Urgency", [*columns.pill(urgency), columns.width(110)])
    panel.override_by_name("Due since", [*columns.since(), columns.width(120)])
    return _people(panel).no_value("No revision waits")


def soon(limits: Thresholds) -> table.Panel:
    """Returns who forgets what next, and when."""
    panel = panels.rows(
        "Who forgets what, and by when",
        "Curves that are not due yet, the next first: a revision on that day keeps them. "
        f"At most {limits.students_shown}.",
        Sql(load("memory/soon", students_shown=limits.students_shown)),
    )
    panel.override_by_name("Due", [*columns.since(), columns.width(120)])
    panel.override_by_name("Last score", [columns.prop("decimals", 0), columns.width(85)])
    return _people(panel).no_value("Nothing falls due: no curve, or all are due already")


def _people(panel: table.Panel) -> table.Panel:
    link = links.drill("This student", "student", student="student_id")
    panel.override_by_name("Student", [*columns.links(link), columns.width(130)])
    panel.override_by_name("Class", [columns.width(90)])
    panel.override_by_name("Remembers", columns.number(theme.SHARE, 90, decimals=0))
    panel.override_by_name("student_id", columns.hidden())
    return panel
