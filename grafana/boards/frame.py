"""What every board has: its head, and the sentence that says what one is looking at."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.builders.common import ReduceDataOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, DashboardLink, TimePicker
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

from grafana import links, panels, scales, theme
from grafana.postgres import TEACHERS, Shared, Sql
from grafana.queries import load
from grafana.thresholds import Thresholds

STATE_ID: Final = 1  # the sentence stands first and asks; the as-of time shows its answer
BEGINNINGS: Final = {
    "Up to date": theme.GOOD,
    "Live": theme.GOOD,
    "Quiet": theme.PRESENT,
    "No roster": theme.WATCH,
    "Nobody": theme.WATCH,
    "Nothing": theme.WATCH,
    "No data": theme.BAD,
    "Pipeline": theme.BAD,
}


def board(  # noqa: PLR0913 (what makes boards differ)
    key: str, title: str, says: str, *tags: str, since: str, until: str = "now", refresh: str = "1m"
) -> Dashboard:
    """Returns an empty board with its address, its time range and links to the others of its readers.

    Args:
        key: the board's key in `links.BOARDS`.
        title: as people read it.
        says: one sentence.
        tags: who reads it, first of all.
        since: the beginning of the time range, as Grafana writes it.
        until: its end; after now where something is projected.
        refresh: how often it asks again.
    """
    return (
        Dashboard(title)
        .uid(links.BOARDS[key])
        .description(says)
        .tags(["classpulse", *tags])
        .readonly()
        .refresh(refresh)
        .time(since, until)
        .timezone("browser")
        .timepicker(TimePicker().refresh_intervals(["30s", "1m", "5m", "15m"]))
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .link(others(tags[0]))
    )


def others(readers: str) -> DashboardLink:
    """Returns the list of boards for the same readers."""
    return (
        DashboardLink("Other boards")
        .type(DashboardLinkType.DASHBOARDS)
        .tags(["classpulse", readers])
        .as_dropdown(True)
        .keep_time(False)
        .include_vars(False)
    )


def mappings() -> list[dashboard.RegexMap]:
    """Returns the ground colours of a sentence by its beginning."""
    return [
        dashboard.RegexMap(
            options=dashboard.DashboardRegexMapOptions(
                pattern=f"/^({start}.*)$/", result=dashboard.ValueMappingResult(text="$1", color=colour, index=index)
            )
        )
        for index, (start, colour) in enumerate(BEGINNINGS.items())
    ]


def state(
    limits: Thresholds, flow: str, found: str, source: common.DataSourceRef = TEACHERS, **values: object
) -> stat.Panel:
    """Returns the sentence that tells an empty choice from a missing roster and a broken pipeline.

    Args:
        limits: when a lag is called stalled.
        flow: the flow that the board's numbers come from.
        found: the query that gives one row (rows, sentence): what there is in the choice.
        source: for whom.
        values: what `found` wants filled in.
    """
    return (
        panels.sentence(
            "What you are looking at",
            "One sentence about what is chosen. Green: the numbers are up to date. Amber: nothing matches, and why. "
            "Red: the numbers cannot be trusted right now.",
            Sql(
                load("state", flow=flow, found=load(found, **values), lag_stalled_s=limits.lag_stalled_s),
                source=source,
            ),
        )
        .reduce_options(ReduceDataOptions().calcs(panels.LAST).fields("/^State$/").values(False))
        .mappings([*mappings()])
        .thresholds(scales.steps(theme.BAD))
        .color_scheme(panels.thresholds_decide())
        .no_value("The database does not answer: your administrator can run 'classpulse doctor'.")
    )


def as_of() -> stat.Panel:
    """Returns the time up to which everything has been counted."""
    return (
        panels.figures(
            "As of", "Everything that happened before this time is in the numbers on this page.", Shared(STATE_ID)
        )
        .reduce_options(ReduceDataOptions().calcs(panels.LAST).fields("/^As of$/").values(False))
        .text_mode(common.BigValueTextMode.VALUE)
        .unit(theme.MOMENT)
        .color_scheme(panels.fixed("text"))
    )
