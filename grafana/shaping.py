"""What a panel does to an answer that it shares with others: keep some rows, keep and name some columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig


def only(field: str, value: str) -> DataTransformerConfig:
    """Returns the transformation that keeps the rows whose `field` is `value`."""
    condition = {"fieldName": field, "config": {"id": "equal", "options": {"value": value}}}
    return DataTransformerConfig(
        id_val="filterByValue", options={"filters": [condition], "match": "any", "type": "include"}
    )


def renamed(shown: Mapping[str, str], hidden: Iterable[str]) -> DataTransformerConfig:
    """Returns the transformation that shows columns under other names, in the mapping's order, and drops others.

    Args:
        shown: column of the answer → heading.
        hidden: columns to drop.
    """
    return DataTransformerConfig(
        id_val="organize",
        options={
            "excludeByName": dict.fromkeys(hidden, True),
            "indexByName": {name: index for index, name in enumerate(shown)},
            "renameByName": {name: heading for name, heading in shown.items() if name != heading},
        },
    )


def ordered(field: str, *, descending: bool = False) -> DataTransformerConfig:
    """Returns the transformation that sorts the rows by a column."""
    return DataTransformerConfig(
        id_val="sortBy", options={"fields": {}, "sort": [{"field": field, "desc": descending}]}
    )


def matrix(row: str, column: str, value: str) -> DataTransformerConfig:
    """Returns the transformation that makes a row of each `row` and a column of each `column`, in their order."""
    return DataTransformerConfig(
        id_val="groupingToMatrix",
        options={"columnField": column, "rowField": row, "valueField": value, "emptyValue": "null"},
    )
