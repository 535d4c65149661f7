"""Marks of deploys and rebuilds (`cli/marks.py`) as lines across every chart of a board."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery
from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.models import common

from grafana import theme

OWN: Final = common.DataSourceRef(type_val="grafana", uid="-- Grafana --")


class _Tagged(variants.Dataquery):
    """The newest hundred marks with our tag."""

    def to_json(self) -> dict[str, object]:
        """Returns the target as Grafana stores it."""
        return {"limit": 100, "matchAny": False, "tags": ["classpulse"], "type": "tags"}


class _Target(builder.Builder[variants.Dataquery]):
    def build(self) -> variants.Dataquery:
        """Returns the query."""
        return _Tagged()


def marks() -> AnnotationQuery:
    """Returns the query that a board's `annotation` takes."""
    query = AnnotationQuery().name("Deploys and rebuilds").datasource(OWN).enable(True).icon_color(theme.PRESENT)
    return query.target(_Target())
