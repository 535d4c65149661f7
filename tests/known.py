"""What the sink does with facts, where tests play the database: the lowest place of a student's event_id stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dataflows.sink.tables import Table

Rows = dict[tuple[Any, ...], dict[str, Any]]


@dataclass
class Known:
    """The tables of places."""

    places: dict[tuple[str, str, str], tuple[int, Any]] = field(default_factory=dict)

    def believed(self, table: Table, rows: Iterable[dict[str, Any]], stored: Rows) -> list[dict[str, Any]]:
        """Returns the rows that are believed, and takes back what `stored` holds in their stead."""
        facts, rows = table.facts, list(rows)
        if facts is None:
            return rows
        for row in rows:
            if row["place"] is None:
                continue
            known = (facts.places, row[facts.owner], row["event_id"])
            place, at = self.places.get(known, (row["place"], row[facts.time]))
            if row["place"] < place:
                stored.pop((at, row["event_id"]), None)
                place, at = row["place"], row[facts.time]
            self.places[known] = place, at
        return [
            row
            for row in rows
            if row["place"] is None or row["place"] == self.places[facts.places, row[facts.owner], row["event_id"]][0]
        ]
