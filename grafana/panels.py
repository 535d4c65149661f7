"""The kinds of panel that our boards use, with what they have in common set once."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import barchart, gauge, stat, table, timeseries
from grafana_foundation_sdk.builders.common import (
    ReduceDataOptions,
    VizLegendOptions,
    VizTextDisplayOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common, dashboard

from grafana import columns, shaping, theme

NOBODY: Final = "–"
LAST: Final = ["lastNotNull"]
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def thresholds_decide() -> FieldColor:
    """Returns the colour mode in which thresholds colour the value."""
    return FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS)


def fixed(colour: str) -> FieldColor:
    """Returns the colour mode with one colour."""
    return FieldColor().mode(dashboard.FieldColorModeId.FIXED).fixed_color(colour)


def below() -> VizLegendOptions:
    """Returns a legend as a list below the plot."""
    return (
        VizLegendOptions()
        .show_legend(True)
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .calcs([])
    )


def pointed() -> VizTooltipOptions:
    """Returns a tooltip that shows every series under the pointer."""
    return VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.NONE)


def figures(title: str, says: str, query: Builder[Dataquery]) -> stat.Panel:
    """Returns a panel of big figures, one a column of the answer."""
    return (
        stat.Panel()
        .title(title)
        .description(says)
        .with_target(query)
        .reduce_options(ReduceDataOptions().calcs(LAST).fields("").values(False))
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.VALUE)
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
        .justify_mode(common.BigValueJustifyMode.CENTER)
        .no_value(NOBODY)
    )


def sentence(title: str, says: str, query: Builder[Dataquery]) -> stat.Panel:
    """Returns a panel that says one sentence on a coloured ground."""
    return (
        figures(title, says, query)
        .reduce_options(ReduceDataOptions().calcs(LAST).fields("/.*/").values(False))
        .text_mode(common.BigValueTextMode.VALUE)
        .text(VizTextDisplayOptions().value_size(20))
        .color_mode(common.BigValueColorMode.BACKGROUND_SOLID)
        .justify_mode(common.BigValueJustifyMode.AUTO)
    )


def dial(title: str, says: str, query: Builder[Dataquery], field: str) -> gauge.Panel:
    """Returns a dial from 0 to 100 that shows one column of the answer."""
    return (
        gauge.Panel()
        .title(title)
        .description(says)
        .with_target(query)
        .reduce_options(ReduceDataOptions().calcs(LAST).fields(f"/^{field}$/").values(False))
        .show_threshold_markers(True)
        .show_threshold_labels(False)
        .min(0)
        .max(100)
        .decimals(0)
        .color_scheme(thresholds_decide())
        .no_value(NOBODY)
    )


def rows(title: str, says: str, query: Builder[Dataquery]) -> table.Panel:
    """Returns a table."""
    return (
        table.Panel()
        .title(title)
        .description(says)
        .with_target(query)
        .cell_height(common.TableCellHeight.SM)
        .min_width(60)
        .show_header(True)
        .filterable(False)
        .mappings([theme.nothing_mapping(None)])  # or each empty cell would say what an empty table says
        .no_value(NOBODY)
    )


def minutes(title: str, says: str, query: Builder[Dataquery], x: str) -> barchart.Panel:
    """Returns stacked bars over a column of times, whatever the board's time range."""
    return (
        barchart.Panel()
        .title(title)
        .description(says)
        .with_target(query)
        .x_field(x)
        .stacking(common.StackingMode.NORMAL)
        .show_value(common.VisibilityMode.NEVER)
        .bar_width(0.9)
        .bar_radius(0.1)
        .fill_opacity(90)
        .line_width(0)
        .full_highlight(True)
        .x_tick_label_spacing(100)
        .x_tick_label_max_length(8)
        .axis_soft_min(0)
        .legend(below())
        .tooltip(pointed())
    )


def ranking(title: str, says: str, query: Builder[Dataquery], label: str) -> barchart.Panel:
    """Returns lying bars, one a row of the answer, stacked over its numbers; `label` is the column of names."""
    return (
        minutes(title, says, query, label)
        .orientation(common.VizOrientation.HORIZONTAL)
        .x_tick_label_spacing(0)
        .x_tick_label_max_length(22)
        .bar_width(0.8)
        .no_value(NOBODY)
    )


def grouped(title: str, says: str, query: Builder[Dataquery], label: str, *, upright: bool = False) -> barchart.Panel:
    """Returns bars beside each other, a group a row of the answer; `upright` where the rows have an order."""
    return (
        ranking(title, says, query, label)
        .orientation(common.VizOrientation.VERTICAL if upright else common.VizOrientation.HORIZONTAL)
        .stacking(common.StackingMode.NONE)
        .group_width(0.8)
    )


def bars(title: str, says: str, query: Builder[Dataquery], field: str) -> table.Panel:
    """Returns a table of names and counts whose column `field` is drawn as bars."""
    return rows(title, says, query).override_by_name(field, columns.bar())


def lines(title: str, says: str, query: Builder[Dataquery], label: str) -> timeseries.Panel:
    """Returns lines over the board's time range, one a value of the text column `label`."""
    return (
        timeseries.Panel()
        .title(title)
        .description(says)
        .with_target(query)
        .interval("1m")
        .line_width(2)
        .fill_opacity(0)
        .show_points(common.VisibilityMode.NEVER)
        .insert_nulls(180_000)
        .color_scheme(FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC))
        .display_name(f"${{__field.labels.{label}}}")
        .legend(below())
        .tooltip(pointed())
        .no_value("No lesson in the chosen time")
    )


def days(title: str, says: str, query: Builder[Dataquery]) -> timeseries.Panel:
    """Returns lines over the board's time range, one a column of the answer, a point a day."""
    return (
        timeseries.Panel()
        .title(title)
        .description(says)
        .with_target(query)
        .line_width(2)
        .fill_opacity(0)
        .show_points(common.VisibilityMode.NEVER)
        .color_scheme(FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC))
        .axis_soft_min(0)
        .legend(below())
        .tooltip(pointed())
        .no_value(NOBODY)
    )


def week(title: str, says: str, query: Builder[Dataquery], value: str, unit: str) -> table.Panel:
    """Returns a table of weekday (1–7) × hour (0–23) whose cells are darker the larger `value` is."""
    cells = [
        columns.prop("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
        columns.prop("color", {"mode": "continuous-blues"}),
        columns.prop("custom.align", "center"),
        columns.prop("custom.minWidth", 60),
        columns.prop("unit", unit),
        columns.prop("decimals", 0),
        columns.prop("min", 0),
    ]
    names = dashboard.ValueMap(
        options={str(n): dashboard.ValueMappingResult(text=name, index=n) for n, name in enumerate(WEEKDAYS, 1)}
    )
    return (
        rows(title, says, query)
        .with_transformation(shaping.ordered("Hour"))
        .with_transformation(shaping.matrix("Weekday", "Hour", value))
        .with_transformation(shaping.ordered("Weekday\\Hour"))
        .mappings([])
        .override_by_regexp("/^[0-9]+$/", cells)
        .override_by_regexp(
            "/^Weekday/",
            [columns.prop("displayName", "Hour"), columns.prop("mappings", [names.to_json()]), columns.width(105)],
        )
        .no_value("")
    )
