"""Courses, skills and the next steps of a student."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import barchart, table
from grafana_foundation_sdk.models import dashboard

from grafana import columns, panels, scales, shaping, theme
from grafana.boards.memory.forgetting import URGENCIES
from grafana.postgres import Shared, Sql
from grafana.queries import load
from grafana.thresholds import Thresholds

ASKS: Final = 4  # the panel of courses asks; the comparison shows two columns of its answer
ANSWER: Final = ("Course", "Finished", "Class median", "Score", "Class score", "Time", "Class time", "Last activity")


def courses() -> table.Panel:
    """Returns a card a course."""
    panel = panels.rows(
        "Progress by course",
        "Finished: items of the course that are done; beside it the median of the class. Score: the average of all "
        "quizzes. Time: on chapters, beside the class's mean.",
        Sql(load("student/courses")),
    )
    panel.override_by_name("Finished", columns.gauge(scales.steps(theme.NEUTRAL), theme.PERCENT, 100))
    panel.override_by_name("Class median", [columns.prop("unit", theme.PERCENT), columns.prop("decimals", 0)])
    for name in ("Score", "Class score"):
        panel.override_by_name(name, [columns.prop("decimals", 0), columns.width(90)])
    for name in ("Time", "Class time"):
        panel.override_by_name(name, columns.number(theme.HOURS, 85, decimals=0))
    panel.override_by_name("Last activity", [*columns.since(), columns.width(130)])
    return panel.no_value("Enrolled in no course, and seen in none")


def against_class() -> barchart.Panel:
    """Returns the scores beside those of the class."""
    shown = {"Course": "Course", "Score": "This student", "Class score": "Class"}
    panel = panels.grouped(
        "Scores against the class",
        "The student's average score beside that of the whole class, course by course. No bar: no quiz yet.",
        Shared(ASKS),
        "Course",
        upright=True,
    ).with_transformation(shaping.renamed(shown, [name for name in ANSWER if name not in shown]))
    panel.override_by_name("This student", [columns.colour(theme.NEUTRAL)])
    panel.override_by_name("Class", [columns.colour(theme.ENROLLED)])
    return panel.min(0).max(100).decimals(0).unit(theme.SCORE)


def skills(limits: Thresholds) -> table.Panel:
    """Returns what the student knows now, module by module, the most faded first."""
    urgency = dashboard.ValueMap(
        options={
            key: dashboard.ValueMappingResult(text=text, color=colour, index=index)
            for index, (key, (text, colour)) in enumerate(URGENCIES.items())
        }
    )
    panel = panels.rows(
        "Skills",
        "Would pass now: the chance to pass the module's quiz today, calibrated on quizzes that were taken again "
        "(docs/forgetting.md). The least first.",
        Sql(load("student/skills", students_shown=limits.students_shown)),
    )
    panel.override_by_name("Would pass now", columns.gauge(scales.chance_steps(limits), theme.SHARE, 1))
    panel.override_by_name("Last score", [columns.prop("decimals", 0), columns.width(90)])
    panel.override_by_name("Revision", [*columns.pill(urgency), columns.width(110)])
    panel.override_by_name("Due", [*columns.since(), columns.width(130)])
    return panel.no_value("No scored quiz of a module yet")


def chances() -> table.Panel:
    """Returns what a judged model says of each course, never without how such chances turned out."""
    panel = panels.rows(
        "Chance of failing, as known then",
        "By a model that was judged on students it had not learnt from, and beat plain baselines in that week "
        "(docs/model-card-risk.md); beside it the rule of today is in Next steps. Came true: of those of whom it said "
        "about the same, the share who failed or left. What would change it is what the model would say then, no "
        "promise. Nothing is decided by it; whoever sets it aside says why.",
        Sql(load("student/chances")),
    )
    share = [columns.prop("unit", theme.SHARE), columns.prop("decimals", 0), columns.width(85)]
    for name in ("Chance", "Came true", "Off by"):
        panel.override_by_name(name, share)
    panel.override_by_name("Week", [columns.width(60)])
    for name in ("Why", "What would change it", "Set aside"):
        panel.override_by_name(name, [columns.prop("custom.cellOptions", {"type": "auto", "wrapText": True})])
    panel.override_by_name("Model", [columns.width(130)])
    return panel.no_value("No model speaks of this student: none is run, or none beats its baselines yet")


def steps(limits: Thresholds) -> table.Panel:
    """Returns what to do next, the most pressing first."""
    panel = panels.rows(
        "Next steps",
        "What to talk about, which gaps to close (the three widest), what to revise (the five most faded), what to "
        "go on with, and what is due "
        "in the next seven days.",
        Sql(load("student/steps", lines_shown=limits.lines_shown)),
    )
    panel.override_by_name("Step", [columns.width(110)])
    panel.override_by_name("What", [columns.width(140)])
    panel.override_by_name("Why", [columns.prop("custom.cellOptions", {"type": "auto", "wrapText": True})])
    panel.override_by_name("When", [*columns.since(), columns.width(110)])
    return panel.no_value("Nothing is pressing")
