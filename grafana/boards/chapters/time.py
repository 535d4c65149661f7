"""Time on chapters: how much, how it is spread, when, and where students stop."""

from __future__ import annotations

from grafana_foundation_sdk.builders import barchart, table

from grafana import columns, panels, scales, theme
from grafana.postgres import Sql
from grafana.queries import load
from grafana.thresholds import Thresholds


def chapters(limits: Thresholds) -> barchart.Panel:
    """Returns the time that counts beside what was cut, chapter by chapter."""
    panel = panels.ranking(
        "Time per chapter",
        "Time that counts, all visits together, and what was cut because nobody was at work (idle, a hidden tab, or "
        f"more than the cap). The {limits.chapters_shown} chapters with the most time.",
        Sql(load("chapters/time", chapters_shown=limits.chapters_shown)),
        "Chapter",
    ).unit(theme.SECONDS)
    panel.override_by_name("Time", [columns.colour(theme.NEUTRAL)])
    panel.override_by_name("Cut as idle", [columns.colour(theme.ABSENT)])
    for name in ("Visits", "Course", "chapter_id"):
        panel.override_by_name(name, columns.unplotted())
    return panel


def average_median(limits: Thresholds) -> barchart.Panel:
    """Returns both: a few long visits lift the average, never the median."""
    panel = panels.grouped(
        "Average, median and expected time of a visit",
        "One visit of a chapter. An average far above the median means that a few students take very long; a median "
        "far above the expected time means that the chapter is longer than planned.",
        Sql(load("chapters/average_median", chapters_shown=limits.chapters_shown)),
        "Chapter",
    ).unit(theme.SECONDS)
    colours = {"Average": theme.PROVISIONAL, "Median": theme.NEUTRAL, "Expected": theme.ENROLLED}
    for name, properties in columns.fixed(colours).items():
        panel.override_by_name(name, properties)
    for name in ("Visits", "chapter_id"):
        panel.override_by_name(name, columns.unplotted())
    return panel


def distribution(limits: Thresholds) -> table.Panel:
    """Returns five percentiles of a visit's time a chapter."""
    panel = panels.rows(
        "How long visits take",
        "Of a hundred visits, five are shorter than '5 %' and five longer than '95 %'; half are shorter than the "
        "median. A wide spread: the chapter is easy for some and hard for others.",
        Sql(load("chapters/distribution", chapters_shown=limits.chapters_shown)),
    )
    panel.override_by_name("Chapter", [columns.width(150)])
    for name in ("5 %", "25 %", "75 %", "95 %"):
        panel.override_by_name(name, columns.number(theme.SECONDS, 70, decimals=0))
    panel.override_by_name("Median", [*columns.bar(), columns.prop("unit", theme.SECONDS), columns.prop("decimals", 0)])
    panel.override_by_name("Visits", columns.number(theme.COUNT, 75))
    panel.override_by_name("chapter_id", columns.hidden())
    return panel


def courses(limits: Thresholds) -> table.Panel:
    """Returns the courses side by side."""
    panel = panels.rows(
        "Courses compared",
        "Time that counts and visits in the chosen time; drop-off and students are over all time. "
        "Drop-off: the share of students and chapters left less than half read for a week.",
        Sql(load("chapters/courses", courses_shown=limits.lines_shown)),
    )
    panel.override_by_name("Time", [*columns.bar(), columns.prop("unit", theme.HOURS), columns.width(155)])
    for name in ("Average visit", "Median visit"):
        panel.override_by_name(name, columns.number(theme.SECONDS, 105, decimals=0))
    panel.override_by_name("Drop-off", columns.number(theme.SHARE, 80, decimals=0))
    panel.override_by_name("Visits", columns.number(theme.COUNT, 70))
    panel.override_by_name("Students so far", columns.number(theme.COUNT, 125))
    return panel


def highest_drop(limits: Thresholds) -> table.Panel:
    """Returns the chapters that most students leave unfinished."""
    panel = panels.rows(
        "Chapters that students leave",
        "Drop-off: the share of a chapter's students who read less than half of it, did not complete it and have not "
        "been back for seven days. 'Effort and drop-off' (0-100) ranks chapters within their course: 100 takes "
        f"longest and loses most. Chapters with fewer than {limits.students_least} students are left out.",
        Sql(load("chapters/highest_drop", students_least=limits.students_least, chapters_shown=limits.chapters_shown)),
    )
    panel.override_by_name("Drop-off", columns.gauge(scales.risk_steps(0.25, 0.5), theme.SHARE, 1))
    panel.override_by_name("Students", columns.number(theme.COUNT, 75))
    panel.override_by_name("Median time", [columns.prop("unit", theme.SECONDS), columns.prop("decimals", 0)])
    panel.override_by_name("Effort and drop-off", [columns.prop("decimals", 0)])
    panel.override_by_name("chapter_id", columns.hidden())
    return panel


def stops(limits: Thresholds) -> table.Panel:
    """Returns where students were last who left."""
    panel = panels.rows(
        "Where those who left stopped",
        "Among students who have done nothing in a course for two weeks and did not finish it: the items that were "
        "their last, three a course.",
        Sql(load("chapters/stops", lines_shown=limits.lines_shown)),
    )
    panel.override_by_name("Of those who left", [columns.prop("unit", theme.SHARE), columns.prop("decimals", 0)])
    panel.override_by_name("Students", columns.bar())
    return panel.no_value("Nobody has left a course of this choice")


def hours() -> table.Panel:
    """Returns weekday × hour: a cell is the time that counts."""
    return panels.week(
        "When students study",
        "Time on chapters by weekday and hour of the day (the school's time zone), hours:minutes:seconds; darker is "
        "more. An empty hour has no column.",
        Sql(load("chapters/hours")),
        "Time",
        theme.HOURS,
    )
