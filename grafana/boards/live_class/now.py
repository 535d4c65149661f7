"""How many are here now, how they are doing, and whether that can be trusted."""

from __future__ import annotations

from grafana_foundation_sdk.builders import gauge, stat
from grafana_foundation_sdk.builders.common import ReduceDataOptions
from grafana_foundation_sdk.models import common, dashboard

from grafana import columns, panels, scales, shaping, theme
from grafana.boards.live_class.answer import HEADLINE_ID
from grafana.postgres import Shared, Sql
from grafana.queries import load
from grafana.thresholds import Thresholds


def state() -> stat.Panel:
    """Returns the sentence that tells a quiet class from a missing roster and a broken pipeline."""
    starts = {
        "Live": theme.GOOD,
        "Quiet": theme.PRESENT,
        "No roster": theme.WATCH,
        "Nobody": theme.WATCH,
        "No data": theme.BAD,
        "Pipeline": theme.BAD,
    }
    mappings = [
        dashboard.RegexMap(
            options=dashboard.DashboardRegexMapOptions(
                pattern=f"/^({start}.*)$/", result=dashboard.ValueMappingResult(text="$1", color=colour, index=index)
            )
        )
        for index, (start, colour) in enumerate(starts.items())
    ]
    return (
        panels.sentence(
            "What you are looking at",
            "One sentence about the chosen students. Green: live. Blue: data flows, but nobody is here. "
            "Amber: the roster is missing or nothing matches. Red: the numbers cannot be trusted right now.",
            Shared(HEADLINE_ID),
        )
        .with_transformation(shaping.only("kind", "all"))
        .reduce_options(_only("State"))
        .mappings([*mappings])
        .thresholds(scales.steps(theme.BAD))
        .color_scheme(panels.thresholds_decide())
        .no_value("The database does not answer: your administrator can run 'classpulse doctor'.")
    )


def as_of() -> stat.Panel:
    """Returns the time up to which everything has been counted."""
    return (
        panels.figures(
            "As of",
            "What happened before this time is in the numbers on this page; sessions and time per chapter follow "
            "within half a minute.",
            Shared(HEADLINE_ID),
        )
        .with_transformation(shaping.only("kind", "all"))
        .reduce_options(_only("As of"))
        .text_mode(common.BigValueTextMode.VALUE)
        .unit(theme.MOMENT)
        .color_scheme(panels.fixed("text"))
    )


def lag(limits: Thresholds) -> stat.Panel:
    """Returns how far the numbers are behind the clock."""
    return (
        panels.figures(
            "Lag",
            f"How far the numbers are behind the clock. From {limits.lag_stalled_s} s on we call it stalled.",
            Shared(HEADLINE_ID),
        )
        .with_transformation(shaping.only("kind", "all"))
        .reduce_options(_only("Lag"))
        .text_mode(common.BigValueTextMode.VALUE)
        .unit(theme.SECONDS)
        .decimals(0)
        .thresholds(scales.lag_steps(limits))
        .color_scheme(panels.thresholds_decide())
    )


def headline(limits: Thresholds) -> stat.Panel:
    """Returns the five counts beside each other: a share without its base misleads."""
    panel = (
        panels.figures(
            "Who is here",
            "Active now: did something in the last minutes (a playing video counts). Idle: here, but nothing done for "
            "5 minutes (a class may set another time) or reported idle. Present = active + idle. Absent: on the "
            "roster, not here. A student in several classes counts once.",
            Sql(
                load(
                    "live_class/now",
                    shown="subject_id, course_id, chapter_id, device, browser",
                    lag_stalled_s=limits.lag_stalled_s,
                )
            ),
        )
        .with_transformation(shaping.only("kind", "all"))
        .reduce_options(_only("Active now|Idle|Present|Absent|Enrolled"))
    )
    colours = {
        "Active now": theme.ACTIVE,
        "Idle": theme.IDLE,
        "Present": theme.PRESENT,
        "Absent": theme.ABSENT,
        "Enrolled": theme.ENROLLED,
    }
    panel.unit(theme.COUNT).orientation(common.VizOrientation.VERTICAL)
    for name, properties in columns.fixed(colours).items():
        panel.override_by_name(name, properties)
    return panel


def idle_share(limits: Thresholds) -> stat.Panel:
    """Returns the share of those present that are not active."""
    return (
        panels.figures(
            "Idle share",
            f"Of those present, the share that is idle. Red from {limits.idle_share_high:.0%} on.",
            Shared(HEADLINE_ID),
        )
        .with_transformation(shaping.only("kind", "all"))
        .reduce_options(_only("Idle share"))
        .text_mode(common.BigValueTextMode.VALUE)
        .color_mode(common.BigValueColorMode.BACKGROUND)
        .unit(theme.SHARE)
        .decimals(0)
        .thresholds(scales.idle_steps(limits))
        .color_scheme(panels.thresholds_decide())
        .mappings([theme.nothing_mapping()])
    )


def engagement(limits: Thresholds) -> gauge.Panel:
    """Returns the mean score of those present."""
    return (
        panels.dial(
            "Engagement",
            "Mean engagement score of those present, 0 to 100: how recent, how intense and how long the work is, "
            "and how many days in a row the student has come.",
            Shared(HEADLINE_ID),
            "Engagement",
        )
        .with_transformation(shaping.only("kind", "all"))
        .unit(theme.SCORE)
        .thresholds(scales.score_steps(limits))
    )


def _only(names: str) -> ReduceDataOptions:
    return ReduceDataOptions().calcs(panels.LAST).fields(f"/^({names})$/").values(False)
