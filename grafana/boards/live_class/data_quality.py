"""Can the picture be trusted: what events lack, and how late they come."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models import common

from grafana import columns, panels, scales, theme
from grafana.postgres import Sql
from grafana.queries import load
from grafana.thresholds import Thresholds


def quality(limits: Thresholds) -> stat.Panel:
    """Returns the shares of events that lack something, and their delay."""
    panel = (
        panels.figures(
            "Data quality",
            "Of the latest events of the last ten minutes, all classes: the share that names no class (they count in "
            "no class), no session, no device; and how long they took from the student's device to us.",
            Sql(load("live_class/quality")),
        )
        .orientation(common.VizOrientation.VERTICAL)
        .unit(theme.COUNT)
        .color_scheme(panels.fixed(theme.NEUTRAL))
    )
    lacking = scales.risk_steps(0.05, 0.25)
    for name in ("Without class", "Without session", "Without device"):
        panel.override_by_name(name, columns.by_limits(lacking, theme.SHARE))
    for name in ("Usual delay", "Slowest 5 %"):
        panel.override_by_name(
            name, [*columns.by_limits(scales.lag_steps(limits), theme.SECONDS), columns.prop("decimals", 1)]
        )
    return panel
