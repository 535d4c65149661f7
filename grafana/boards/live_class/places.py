"""Where: classes, chapters, subjects, devices."""

from __future__ import annotations

from grafana_foundation_sdk.builders import barchart, table
from grafana_foundation_sdk.models import dashboard

from grafana import columns, links, panels, scales, shaping, theme
from grafana.boards.live_class.answer import COLUMNS, HEADLINE_ID
from grafana.postgres import Shared, Sql
from grafana.queries import load
from grafana.thresholds import Thresholds


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
        panel.override_by_name(name, columns.text(value, 60))
    for name in ("Present", "Enrolled"):
        panel.override_by_name(name, [columns.width(70)])
    panel.override_by_name("Idle share", columns.gauge(scales.idle_steps(limits), theme.SHARE, 1))
    panel.override_by_name("Engagement", columns.gauge(scales.score_steps(limits), theme.SCORE, 100))
    panel.override_by_name("class_id", columns.hidden())
    return panel


def grades(limits: Thresholds) -> table.Panel:
    """Returns one row a grade."""
    panel = panels.rows(
        "Grades",
        "The same counts, grade by grade; a student in several classes counts once.",
        Sql(load("live_class/grades", shown="class_id")),
    )
    colours = {"Active": theme.ACTIVE, "Idle": theme.IDLE, "Absent": theme.ABSENT}
    for name, value in colours.items():
        panel.override_by_name(name, columns.text(value, 60))
    for name in ("Classes", "Present"):
        panel.override_by_name(name, [columns.width(70)])
    panel.override_by_name("Idle share", columns.gauge(scales.idle_steps(limits), theme.SHARE, 1))
    panel.override_by_name("Engagement", columns.gauge(scales.score_steps(limits), theme.SCORE, 100))
    return panel


def time(limits: Thresholds) -> barchart.Panel:
    """Returns the time that counts, chapter by chapter."""
    panel = panels.ranking(
        "Time per chapter in the chosen time",
        "Time that counts in visits that began in the chosen time, all students together, and what was cut because "
        f"nobody was at work; up to half a minute behind. The {limits.chapters_shown} chapters with the most time.",
        Sql(load("live_class/time", chapters_shown=limits.chapters_shown)),
        "Chapter",
    ).unit(theme.SECONDS)
    panel.override_by_name("Time", [columns.colour(theme.NEUTRAL)])
    panel.override_by_name("Cut as idle", [columns.colour(theme.ABSENT)])
    panel.override_by_name("Students", columns.unplotted())
    return panel.no_value("No visit in the chosen time")


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
        .mappings([])
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
        panel.override_by_name(name, columns.text(value, 60))
    panel.override_by_name("Engagement", columns.gauge(scales.score_steps(limits), theme.SCORE, 100))
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


def _places(panel: table.Panel, kind: str, shown: dict[str, str]) -> table.Panel:
    hidden = [name for name in COLUMNS if name not in shown]
    return panel.with_transformation(shaping.only("kind", kind)).with_transformation(shaping.renamed(shown, hidden))
