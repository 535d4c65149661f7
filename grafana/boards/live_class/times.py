"""When: the last ten minutes, and the chosen time."""

from __future__ import annotations

from grafana_foundation_sdk.builders import barchart, timeseries

from grafana import columns, panels, scales, theme
from grafana.postgres import Sql
from grafana.queries import load
from grafana.thresholds import Thresholds


def trend() -> barchart.Panel:
    """Returns the last ten minutes of `active_5m`."""
    return (
        panels.minutes(
            "Active in the last 10 minutes",
            "One bar per minute: students who did something in the five minutes that end with it. Pale bars are still "
            "counting. 'Active now' looks at this instant, so it may differ a little. Follows the class; without one "
            "the grade; without either the course.",
            Sql(load("live_class/trend")),
            "Minute",
        )
        .unit(theme.COUNT)
        .decimals(0)
        .override_by_name("Minute", [columns.prop("unit", "time:HH:mm")])
        .override_by_name("Settled", [columns.colour(theme.NEUTRAL)])
        .override_by_name("Still counting", [columns.colour(theme.PROVISIONAL)])
    )


def lesson(limits: Thresholds) -> timeseries.Panel:
    """Returns each class's score over the chosen time."""
    return (
        panels.lines(
            "Engagement through the chosen time",
            "Mean score of each class, minute by minute, 0 to 100; final minutes only, so it ends about two minutes "
            f"ago. Above {limits.lines_shown} classes a line a grade. Uses the time range at the top right.",
            Sql(load("live_class/lesson", lines_shown=limits.lines_shown), "time_series"),
            "Class",
        )
        .min(0)
        .max(100)
        .decimals(0)
        .unit(theme.SCORE)
        .thresholds(scales.score_steps(limits))
    )
