"""What a panel shows of an answer: Grafana's transformations and field choices, as far as our boards use them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

Rows = list[tuple[Any, ...]]


def shown(panel: dict[str, Any], names: Sequence[str], rows: Rows) -> Rows:
    """Returns the rows and columns that the reader of the panel sees.

    Raises:
        ValueError: the panel uses something that this helper does not know.
    """
    columns = list(names)
    for step in panel.get("transformations") or []:
        options = step["options"]
        if step["id"] == "filterByValue":
            [condition] = options["filters"]
            place = columns.index(condition["fieldName"])
            rows = [row for row in rows if row[place] == condition["config"]["options"]["value"]]
        elif step["id"] == "organize":
            kept = [name for name in columns if not options["excludeByName"].get(name)]
            kept.sort(key=lambda name: options["indexByName"][name])
            rows = picked(columns, kept, rows)
            columns = [options["renameByName"].get(name, name) for name in kept]
        elif step["id"] not in {"groupingToMatrix", "sortBy"}:  # only turn the rows into a matrix, and order it
            raise ValueError(step["id"])
    fields = panel.get("options", {}).get("reduceOptions", {}).get("fields", "")
    return picked(columns, [name for name in columns if re.search(fields.strip("/"), name)], rows)


def picked(columns: Sequence[str], kept: Sequence[str], rows: Rows) -> Rows:
    """Returns the rows with the kept columns only, in their order."""
    places = [columns.index(name) for name in kept]
    return [tuple(row[place] for place in places) for row in rows]
