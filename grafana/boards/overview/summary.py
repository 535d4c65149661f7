"""The classes and the students who may be lost."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import dashboard

from grafana import columns, links, panels, scales, theme
from grafana.postgres import Sql
from grafana.queries import load
from grafana.thresholds import Thresholds

REASONS: Final = ("Never started", "Away a week", "Far behind", "Failed twice", "Missed a date")
EXPORT: Final = "To export it: the panel's menu, Inspect, Data, Download CSV."


def classes(limits: Thresholds) -> table.Panel:
    """Returns a row a class; its name leads to the class as it is now."""
    panel = panels.rows(
        "Classes",
        "Came: the share of those enrolled with an action in the chosen time; of students of several classes what "
        "names the class counts, or none of theirs. Finished: items of the courses that are "
        f"done. At risk: from {limits.risk_enters} points on. Click a class to see it live, or what it forgets. "
        f"{EXPORT}",
        Sql(load("overview/classes", risk_enters=limits.risk_enters)),
    )
    targets = [
        *links.drill("This class, live", "live_class", **{"class": "class_id"}),
        *links.drill("What this class forgets", "memory", **{"class": "class_id"}),
        *links.drill("Only this class", "overview", **{"class": "class_id"}),
    ]
    panel.override_by_name("Class", [*columns.links(targets), columns.width(140)])
    panel.override_by_name("Enrolled", columns.number(theme.COUNT, 90))
    panel.override_by_name("Came", columns.gauge(scales.steps(theme.NEUTRAL), theme.SHARE, 1))
    panel.override_by_name("Active a student", [columns.prop("unit", theme.HOURS)])
    panel.override_by_name("Median finished", columns.gauge(scales.steps(theme.NEUTRAL), theme.PERCENT, 100))
    panel.override_by_name("Average score", columns.gauge(scales.mark_steps(limits), theme.SCORE, 100))
    colours = scales.steps(theme.GOOD, (1, theme.BAD))
    panel.override_by_name(
        "At risk",
        [
            *columns.by_limits(colours, theme.COUNT),
            columns.prop("custom.cellOptions", {"type": "color-text"}),
            columns.width(80),
        ],
    )
    panel.override_by_name("class_id", columns.hidden())
    return panel.no_value("No roster for this choice")


def risk(limits: Thresholds) -> table.Panel:
    """Returns student × reason."""
    panel = panels.rows(
        "Who may be lost, and why",
        "Points: never started 0.4, away for seven study days 0.4, further behind than four fifths of the class 0.2, "
        f"the last two scores failed 0.3, a missed due date 0.3. From {limits.risk_enters} on: at risk. Not before "
        f"day 14 of the term. At most {limits.students_shown}. {EXPORT}",
        Sql(load("overview/risk", students_shown=limits.students_shown)),
    )
    link = links.drill("This student", "student", student="student_id")
    panel.override_by_name("Student", [*columns.links(link), columns.width(150)])
    panel.override_by_name("Class", [columns.width(100)])
    panel.override_by_name("Course", [columns.width(110)])
    colours = scales.risk_steps(limits.risk_enters / 2, limits.risk_enters)
    panel.override_by_name("Risk", [*columns.gauge(colours, theme.SCORE, 1.6), columns.prop("decimals", 1)])
    yes = dashboard.ValueMap(options={"yes": dashboard.ValueMappingResult(text="●", color=theme.BAD, index=0)})
    for name in REASONS:
        panel.override_by_name(name, [*columns.pill(yes), columns.prop("custom.align", "center")])
    panel.override_by_name("Last activity", [*columns.since(), columns.width(140)])
    panel.override_by_name("student_id", columns.hidden())
    return panel.no_value("Nobody shows a sign, or the term is younger than 14 days")


def reasons(limits: Thresholds) -> table.Panel:
    """Returns class × reason: a cell is a number of students."""
    panel = panels.rows(
        "Risk matrix",
        "Students of each class with each sign, whatever the other signs; darker is more. A column that is dark in "
        "every class points at the course, not at students.",
        Sql(load("overview/reasons", risk_enters=limits.risk_enters)),
    )
    for name in REASONS:
        panel.override_by_name(
            name,
            [
                columns.prop("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
                columns.prop("color", {"mode": "continuous-reds"}),
                columns.prop("custom.align", "center"),
                columns.prop("min", 0),
            ],
        )
    panel.override_by_name("Class", [columns.width(100)])
    panel.override_by_name("At risk", [columns.width(75)])
    return panel.no_value("No roster for this choice")


def fast(limits: Thresholds) -> table.Panel:
    """Returns who skims and does not pass: a list for a talk, of which nobody is told."""
    panel = panels.rows(
        "Read fast, and not passing",
        f"Students who read {limits.fast_chapters} chapters of a course or more fast within the last seven days (every "
        "visit under a quarter of the expected time, or of the chapter's median) and whose latest quiz of it was not "
        "passed. It is no proof of anything: ask them. No alert says this. Asked for chosen classes only. At most "
        f"{limits.students_shown}. {EXPORT}",
        Sql(load("overview/fast", fast_chapters=limits.fast_chapters, students_shown=limits.students_shown)),
    )
    link = links.drill("This student", "student", student="student_id")
    panel.override_by_name("Student", [*columns.links(link), columns.width(150)])
    for name in ("Class", "Course"):
        panel.override_by_name(name, [columns.width(120)])
    panel.override_by_name("Chapters read fast", [columns.prop("unit", theme.COUNT)])
    panel.override_by_name("Last score", columns.gauge(scales.mark_steps(limits), theme.SCORE, 100))
    panel.override_by_name("Pass mark", [columns.prop("unit", theme.SCORE), columns.prop("decimals", 0)])
    panel.override_by_name("Taken", [*columns.since(), columns.width(140)])
    panel.override_by_name("student_id", columns.hidden())
    return panel.no_value("Nobody in the chosen classes; choose one if none is")
