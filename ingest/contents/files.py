"""Reading content files: every fault with its line and field, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from db.content import KEY
from ingest.contents.rows import ItemRow
from ingest.records import FileError, Record, csv_records, fault_of, given, json_of, json_records, text_of

Key = tuple[str, str]  # course_id, item_id

_LISTS = ("items", "content_items")
_NEEDED = {name for name, info in ItemRow.model_fields.items() if info.is_required()}


@dataclass(slots=True)
class Content:
    """Valid items.

    Attributes:
        parts: The rows of each file, all of a file with the same columns: what it has no column for is not named.
        places: Where each item stands.
    """

    parts: dict[Path, list[dict[str, Any]]] = field(default_factory=dict)
    places: dict[Key, str] = field(default_factory=dict)

    def add(self, path: Path, zone: ZoneInfo) -> None:
        """Reads and checks a file.

        Args:
            path: CSV (comma, semicolon or tab; header first) or JSON (a list of objects, or `{"items": […]}`).
            zone: Whose midnight a date alone means.

        Raises:
            FileError: With every fault found.
        """
        records = _records(path)
        if not records:
            raise FileError(["holds no items"])
        named = {column for _place, record in records for column in record} | set(KEY)
        rows: list[dict[str, Any]] = []
        faults = list(self._take(path, records, zone, rows))
        faults += [f"{self.places[key]}: {text}" for key, text in _circles(rows)]
        if faults:
            raise FileError(faults)
        self.parts[path] = [{name: value for name, value in row.items() if name in named} for row in rows]

    def _take(self, path: Path, records: list[Record], zone: ZoneInfo, rows: list[dict[str, Any]]) -> Iterator[str]:
        """Adds valid records to `rows` and yields the faults of the others."""
        for place, record in records:
            try:
                row = ItemRow.model_validate(given(record), context={"zone": zone}).row()
            except ValidationError as error:
                yield from (f"{place}: {fault_of(detail)}" for detail in error.errors())
                continue
            key = (row["course_id"], row["item_id"])
            if key in self.places:
                yield f"{place}: {key[0]} / {key[1]} is given again, after {self.places[key]}"
                continue
            self.places[key] = f"{place} of {path.name}" if self.parts else place
            rows.append(row)


def _records(path: Path) -> list[Record]:
    text = text_of(path)
    if path.suffix.lower() != ".json":
        columns, records = csv_records(text)
        _check(columns)
        return records
    data = json_of(text)
    if isinstance(data, dict) and len(data) == 1 and next(iter(data)) in _LISTS:
        data = next(iter(data.values()))
    if not isinstance(data, list):
        raise FileError([f"is neither a list of objects nor an object with one such list, {_LISTS[0]}"])
    return json_records(data)


def _check(columns: set[str]) -> None:
    """Refuses a header at once, rather than every line of the file."""
    faults = [f"line 1: column {name} is missing" for name in sorted(_NEEDED - columns)]
    faults += [f"line 1: {name} is no column of items" for name in sorted(columns - set(ItemRow.model_fields))]
    if faults:
        raise FileError(faults)


def _circles(rows: list[dict[str, Any]]) -> Iterator[tuple[Key, str]]:
    """Yields each item that is, over its parents, part of itself."""
    parent = {(row["course_id"], row["item_id"]): row["parent_id"] for row in rows}
    for key, first in parent.items():
        seen, above = {key[1]}, first
        while above is not None and above not in seen:
            seen.add(above)
            above = parent.get((key[0], above))
        if above == key[1]:
            yield key, f"parent_id {first!r} makes {key[1]} a part of itself"
