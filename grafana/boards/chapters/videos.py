"""Videos: how far they are watched, and what is watched again."""

from __future__ import annotations

from grafana_foundation_sdk.builders import barchart, table

from grafana import columns, panels, scales, theme
from grafana.postgres import Sql
from grafana.queries import load
from grafana.thresholds import Thresholds


def summary(limits: Thresholds) -> table.Panel:
    """Returns one row a video."""
    panel = panels.rows(
        "Videos",
        "A view is one student and one sitting. 'Median watched' is how much of its length half of the views saw "
        "(repeats count once); 'Watched again' is the share of the watching time that went into repeats. Over all "
        f"time; the {limits.lines_shown} with the most views.",
        Sql(load("chapters/videos", lines_shown=limits.lines_shown)),
    )
    watched = scales.steps(theme.BAD, (40, theme.WATCH), (70, theme.GOOD))
    panel.override_by_name("Median watched", columns.gauge(watched, theme.PERCENT, 100))
    for name in ("Watched to the end", "Watched again"):
        panel.override_by_name(name, [columns.prop("unit", theme.SHARE), columns.prop("decimals", 0)])
    panel.override_by_name("Jumps a view", [columns.prop("decimals", 1)])
    panel.override_by_name("Speed", [columns.prop("unit", "suffix:×"), columns.prop("decimals", 2)])
    panel.override_by_name("Length", [columns.prop("unit", theme.SECONDS), columns.prop("decimals", 1)])
    for name in ("Views", "Students"):
        panel.override_by_name(name, columns.number(theme.COUNT, 80))
    return panel


def curve() -> barchart.Panel:
    """Returns which share of views saw each twentieth of the video."""
    panel = panels.grouped(
        "How far videos are watched",
        "Each bar is a twentieth of the length: the share of views that saw it, and the share that saw it again. "
        "A sudden fall is where viewers leave; choose one video above to find the place.",
        Sql(load("chapters/curve")),
        "From",
        upright=True,
    ).unit(theme.SHARE)
    panel.override_by_name("Watched", [columns.colour(theme.NEUTRAL)])
    panel.override_by_name("Watched again", [columns.colour(theme.WATCH)])
    return panel.min(0).max(1).decimals(0)


def peaks(limits: Thresholds) -> table.Panel:
    """Returns the places that students go back to."""
    panel = panels.rows(
        "Watched again and again",
        "Places that are watched again clearly more than the rest of the video: hard to follow, or worth hearing "
        f"twice. Videos with at least {limits.students_least} views.",
        Sql(load("chapters/peaks", students_least=limits.students_least, lines_shown=limits.lines_shown)),
    )
    panel.override_by_name("From", [columns.prop("unit", "dthms"), columns.width(90)])
    panel.override_by_name("Watched again", columns.gauge(scales.steps(theme.WATCH), theme.SHARE, 1))
    return panel.no_value("No place stands out")
