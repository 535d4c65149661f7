"""The PostgreSQL query and datasource, which the SDK has no class for."""

from __future__ import annotations

from typing import Final, Literal

from grafana_foundation_sdk.cog import builder as cog
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.models import common

Shape = Literal["table", "time_series"]

PLUGIN: Final = "grafana-postgresql-datasource"
TEACHERS: Final = common.DataSourceRef(type_val=PLUGIN, uid="classpulse-teachers")
SCHOOL: Final = common.DataSourceRef(type_val=PLUGIN, uid="classpulse-school")
OPERATORS: Final = common.DataSourceRef(type_val=PLUGIN, uid="classpulse-operators")
DASHBOARD: Final = common.DataSourceRef(type_val="datasource", uid="-- Dashboard --")


class SqlQuery(variants.Dataquery):
    """One SQL statement for one datasource.

    Attributes:
        sql: the statement, with Grafana's variables in it.
        shape: `table` (rows as they are) or `time_series` (time, label, value: a line a label).
        source: the datasource, which decides the reader role and so the scope.
    """

    def __init__(self, sql: str, shape: Shape = "table", source: common.DataSourceRef = TEACHERS) -> None:
        """Makes a query."""
        self.sql = sql
        self.shape = shape
        self.source = source

    def to_json(self) -> dict[str, object]:
        """Returns the target as Grafana stores it."""
        return {
            "datasource": {"type": self.source.type_val, "uid": self.source.uid},
            "editorMode": "code",
            "format": self.shape,
            "rawQuery": True,
            "rawSql": self.sql,
            "refId": "A",
        }


class SharedQuery(variants.Dataquery):
    """The answer of another panel of the same board: one statement feeds several panels.

    Attributes:
        panel_id: the panel whose answer is shown.
    """

    def __init__(self, panel_id: int) -> None:
        """Makes a reference to the panel with `panel_id`."""
        self.panel_id = panel_id

    def to_json(self) -> dict[str, object]:
        """Returns the target as Grafana stores it."""
        return {
            "datasource": {"type": DASHBOARD.type_val, "uid": DASHBOARD.uid},
            "panelId": self.panel_id,
            "refId": "A",
        }


class Sql(cog.Builder[variants.Dataquery]):
    """Builder of a `SqlQuery`, which is what a panel's `with_target` takes."""

    def __init__(self, sql: str, shape: Shape = "table", source: common.DataSourceRef = TEACHERS) -> None:
        """Keeps the statement, the shape of its answer and whom it is for."""
        self._query = SqlQuery(sql, shape, source)

    def build(self) -> variants.Dataquery:
        """Returns the query."""
        return self._query


class Shared(cog.Builder[variants.Dataquery]):
    """Builder of a `SharedQuery`."""

    def __init__(self, panel_id: int) -> None:
        """Keeps the panel's id."""
        self._query = SharedQuery(panel_id)

    def build(self) -> variants.Dataquery:
        """Returns the query."""
        return self._query
