"""Overrides for one column of a panel: what it looks like, how wide it is, where it leads."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, ValueMap

from grafana import theme


def prop(key: str, value: object) -> DynamicConfigValue:
    """Returns one overridden property."""
    return DynamicConfigValue(id_val=key, value=value)


def colour(value: str) -> DynamicConfigValue:
    """Returns the property that gives a column one colour."""
    return prop("color", {"mode": "fixed", "fixedColor": value})


def width(pixels: int) -> DynamicConfigValue:
    """Returns the property that fixes a table column's width."""
    return prop("custom.width", pixels)


def number(unit: str, pixels: int, *, decimals: int | None = None) -> list[DynamicConfigValue]:
    """Returns the properties of a column of numbers or instants: their unit, and how wide it is."""
    rounded = [] if decimals is None else [prop("decimals", decimals)]
    return [prop("unit", unit), *rounded, width(pixels)]


def text(value: str, pixels: int) -> list[DynamicConfigValue]:
    """Returns the properties of a column whose text has one colour."""
    return [colour(value), prop("custom.cellOptions", {"type": "color-text"}), width(pixels)]


def hidden() -> list[DynamicConfigValue]:
    """Returns the properties of a column that only links need."""
    return [prop("custom.hideFrom.viz", True)]


def pill(mapping: ValueMap) -> list[DynamicConfigValue]:
    """Returns the properties of a column of words that have colours."""
    return [
        prop("mappings", [mapping.to_json()]),
        prop("custom.cellOptions", {"type": "color-text"}),
    ]


def gauge(limits: ThresholdsConfig, unit: str, top: float) -> list[DynamicConfigValue]:
    """Returns the properties of a column of bars from 0 to `top`, coloured by thresholds."""
    return [
        prop("unit", unit),
        prop("min", 0),
        prop("max", top),
        prop("decimals", 0),
        prop("thresholds", limits.build().to_json()),
        prop("color", {"mode": "thresholds"}),
        prop("custom.cellOptions", {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}),
    ]


def bar() -> list[DynamicConfigValue]:
    """Returns the properties of a column of counts that is drawn as bars, the longest as wide as the column."""
    return [
        prop("unit", theme.COUNT),
        prop("min", 0),
        prop("fieldMinMax", True),  # or the longest bar would be that of another column
        prop("color", {"mode": "fixed", "fixedColor": theme.NEUTRAL}),
        prop("custom.cellOptions", {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}),
    ]


def ago() -> list[DynamicConfigValue]:
    """Returns the properties of a column of seconds that is read as a duration."""
    return [prop("unit", theme.DURATION), prop("decimals", 0)]


def links(targets: list[dict[str, object]]) -> list[DynamicConfigValue]:
    """Returns the property that makes a column clickable, or nothing where there is no target."""
    return [prop("links", targets)] if targets else []


def fixed(colours: Mapping[str, str]) -> dict[str, list[DynamicConfigValue]]:
    """Returns overrides that give each named column its colour."""
    return {name: [colour(value)] for name, value in colours.items()}


def unplotted() -> list[DynamicConfigValue]:
    """Returns the properties of a column that a chart's tooltip shows and its plot does not."""
    return [prop("custom.hideFrom", {"viz": True, "legend": True, "tooltip": False})]


def by_limits(limits: ThresholdsConfig, unit: str) -> list[DynamicConfigValue]:
    """Returns the properties of a figure that thresholds colour."""
    return [
        prop("unit", unit),
        prop("decimals", 0),
        prop("thresholds", limits.build().to_json()),
        prop("color", {"mode": "thresholds"}),
    ]


def since() -> list[DynamicConfigValue]:
    """Returns the properties of a column of instants that is read as the time from or to now."""
    return [prop("unit", theme.FROM_NOW), prop("noValue", "–")]
