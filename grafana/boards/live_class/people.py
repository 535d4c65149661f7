"""Who: the students, and what they did last."""

from __future__ import annotations

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import dashboard

from grafana import columns, links, panels, scales, theme
from grafana.postgres import Sql
from grafana.queries import load
from grafana.thresholds import Thresholds


def students(limits: Thresholds) -> table.Panel:
    """Returns the chosen students, those first that need someone."""
    panel = panels.rows(
        "Students",
        "Idle longest first, then active by lowest engagement, then absent by name. "
        f"At most {limits.students_shown} are listed; choose a class to see all of it.",
        Sql(
            load(
                "live_class/students",
                shown="last_active_at, current_activity, engagement_score, course_id, chapter_id",
                students_shown=limits.students_shown,
            )
        ),
    )
    link = links.drill("This student", "student", student="student_id")
    panel.override_by_name("Student", [*columns.links(link), columns.width(140)])
    panel.override_by_name("Status", [*columns.pill(theme.status_mapping()), columns.width(70)])
    panel.override_by_name("Class", [columns.width(90)])
    panel.override_by_name("Ago", [*columns.ago(), columns.width(90)])
    panel.override_by_name("Engagement", columns.gauge(scales.score_steps(limits), theme.SCORE, 100))
    panel.override_by_name("Last did", [columns.width(135)])
    for key in ("student_id", "class_id"):
        panel.override_by_name(key, columns.hidden())
    return panel


def whom_first() -> table.Panel:
    """Returns who looks stuck, the likeliest of each class first."""
    panel = panels.rows(
        "Whom first",
        "Who looks stuck, the likeliest of each class first, and never more than three of a class: where, why, for how "
        "long, and what classmates needed there. The live page takes your answer: seen, helped, not stuck.",
        Sql(load("live_class/whom_first")),
    )
    link = links.drill("This student", "student", student="student_id")
    panel.override_by_name("Student", [*columns.links(link), columns.width(140)])
    panel.override_by_name("Class", [columns.width(90)])
    panel.override_by_name("Where", [columns.width(180)])
    panel.override_by_name("Waits", [*columns.ago(), columns.width(90)])
    panel.override_by_name("Chance", columns.number(theme.SHARE, 80, decimals=0))
    panel.override_by_name("Classmates", [columns.width(260)])
    for key in ("student_id", "class_id"):
        panel.override_by_name(key, columns.hidden())
    return panel


def events() -> table.Panel:
    """Returns the latest twenty events."""
    return (
        panels.rows("Latest 20 events", "What students did last, newest first.", Sql(load("live_class/events")))
        .override_by_name("Time", columns.number(theme.CLOCK, 85))
        .override_by_name("Student", [columns.width(140)])
    )


def sessions() -> table.Panel:
    """Returns who came and who left."""
    came_and_left = dashboard.ValueMap(
        options={
            "arrived": dashboard.ValueMappingResult(text="Arrived", color=theme.ACTIVE, index=0),
            "left": dashboard.ValueMappingResult(text="Left", color=theme.OFFLINE, index=1),
        }
    )
    return (
        panels.rows(
            "Arrivals and departures",
            "The latest 20 sessions that students began or ended themselves, newest first.",
            Sql(load("live_class/sessions")),
        )
        .override_by_name("Time", columns.number(theme.CLOCK, 85))
        .override_by_name("Student", [columns.width(140)])
        .override_by_name("What", [*columns.pill(came_and_left), columns.width(80)])
    )


def log(limits: Thresholds) -> table.Panel:
    """Returns the sessions of the chosen time."""
    panel = panels.rows(
        "Session log",
        "Sessions that began in the chosen time, newest first; one ends after half an hour without an action. The "
        "choice of "
        f"course does not apply here. At most {limits.students_shown}.",
        Sql(load("live_class/log", students_shown=limits.students_shown)),
    )
    link = links.drill("This student", "student", student="student_id")
    panel.override_by_name("Began", columns.number(theme.MOMENT, 100))
    panel.override_by_name("Student", [*columns.links(link), columns.width(140)])
    panel.override_by_name("Lasted", columns.number(theme.HOURS, 90, decimals=0))
    panel.override_by_name("student_id", columns.hidden())
    return panel.no_value("No session began in the chosen time")
