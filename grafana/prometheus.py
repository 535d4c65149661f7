"""Queries of the workers' metrics."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common

METRICS: Final = common.DataSourceRef(type_val="prometheus", uid="classpulse-prometheus")


def metric(expression: str, legend: str) -> Dataquery:
    """Returns a query over the board's time range.

    Args:
        expression: PromQL; the recording rules in `prometheus/rules/recording.yml` where they exist, as alerts do.
        legend: what a line is called, with `{{label}}` in it.

    Example:
        >>> metric("up", "{{instance}}").build().expr
        'up'
    """
    return Dataquery().expr(expression).legend_format(legend).range().ref_id("A").datasource(METRICS)
