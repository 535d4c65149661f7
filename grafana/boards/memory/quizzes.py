"""How quizzes went: modules, scores, who failed, and what is missing for the next module."""

from __future__ import annotations

from grafana_foundation_sdk.builders import barchart, table

from grafana import columns, panels, scales, theme
from grafana.postgres import Sql
from grafana.queries import load
from grafana.thresholds import Thresholds


def modules(limits: Thresholds) -> table.Panel:
    """Returns the modules, the hardest first."""
    panel = panels.rows(
        "Module performance",
        "All students of the school, in the chosen time. 'Failed at first': the share of students whose very first "
        f"attempt was below the pass mark. The {limits.lines_shown} with the highest share, small groups last. "
        "Today's attempts are added once an hour.",
        Sql(load("memory/modules", lines_shown=limits.lines_shown, students_least=limits.students_least)),
    )
    panel.override_by_name("Average score", columns.gauge(scales.mark_steps(limits), theme.SCORE, 100))
    colours = scales.risk_steps(limits.failure_watch, limits.failure_high)
    panel.override_by_name("Failed at first", columns.gauge(colours, theme.SHARE, 1))
    for name in ("Attempts", "First attempts"):
        panel.override_by_name(name, columns.number(theme.COUNT, 115))
    panel.override_by_name("Domain", [columns.width(80)])
    panel.override_by_name("module", columns.hidden())
    return panel


def scores(limits: Thresholds) -> barchart.Panel:
    """Returns how many attempts ended where."""
    panel = panels.minutes(
        "How scores are spread",
        f"Attempts by ten points of score, all students, in the chosen time; {limits.pass_mark} passes where a module "
        "has no mark of its own.",
        Sql(load("memory/scores")),
        "Score",
    ).unit(theme.COUNT)
    panel.x_tick_label_spacing(0)
    panel.override_by_name("Module quizzes", [columns.colour(theme.NEUTRAL)])
    panel.override_by_name("Diagnostics", [columns.colour(theme.ENROLLED)])
    return panel.no_value("No attempt in the chosen time")


def failure(limits: Thresholds) -> table.Panel:
    """Returns the quizzes that many failed in the last week."""
    panel = panels.rows(
        "Failed in the last seven days",
        "Students whose first attempt in the last seven days was below the pass mark, class by class. Diagnostics are "
        f"left out. Groups of fewer than {limits.students_least} come last: read them with care.",
        Sql(load("memory/failure", lines_shown=limits.lines_shown, students_least=limits.students_least)),
    )
    colours = scales.risk_steps(limits.failure_watch, limits.failure_high)
    panel.override_by_name("Failed", columns.gauge(colours, theme.SHARE, 1))
    for name in ("Failing", "Took it", "Pass mark"):
        panel.override_by_name(name, [columns.width(80)])
    return panel.no_value("No quiz in the last seven days")


def gaps(limits: Thresholds) -> table.Panel:
    """Returns what faded below its pass mark while the next module needs it."""
    panel = panels.rows(
        "Knowledge gaps",
        "Students who took a module, would fail it now, and have not completed the module that builds on it. 'Points "
        "missing' is the median distance to the pass mark.",
        Sql(load("memory/gaps", lines_shown=limits.lines_shown)),
    )
    panel.override_by_name("Students", columns.bar())
    panel.override_by_name("Of those who took it", columns.number(theme.SHARE, 160, decimals=0))
    panel.override_by_name("Points missing", [columns.prop("decimals", 0), columns.width(110)])
    return panel.no_value("No gap: nothing has faded, or the order of modules is unknown")
