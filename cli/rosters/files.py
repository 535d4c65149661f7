"""Reading roster files: which kind they are, and every fault with its line, before anything is written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from cli.rosters.rows import ALIASES, KINDS, Row
from db.roster import KEYS

Record = tuple[str, dict[str, Any]]  # where it stands ("line 3"), what it says


class RosterError(ValueError):
    """A file cannot be loaded; `faults` says every reason with its place."""

    def __init__(self, faults: list[str]) -> None:
        """Keeps the faults."""
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(slots=True)
class Roster:
    """A valid file: rows by table, one a key.

    Attributes:
        kinds: What the file holds.
        tables: Table → key → row.
        records: How many records the file has.
    """

    kinds: list[str] = field(default_factory=list)
    tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = field(default_factory=dict)
    records: int = 0


def read(path: Path, zone: ZoneInfo) -> Roster:
    """Reads and checks a roster file.

    Args:
        path: CSV (comma, semicolon or tab; header first) or JSON (a list of objects, or an object of such lists).
        zone: Whose midnight a date alone means.

    Raises:
        RosterError: With every fault found.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RosterError([str(error)]) from error
    parts = _json_parts(text, path) if path.suffix.lower() == ".json" else [_csv_part(text, path)]
    roster, faults, named = Roster(), [], {column for columns in KEYS.values() for column in columns}
    for kind, records in parts:
        roster.kinds.append(kind)
        roster.records += len(records)
        named |= {column for _place, record in records for column in record}
        faults += list(_add(roster, KINDS[kind], records, zone))
    if faults:
        raise RosterError(faults)
    for rows in roster.tables.values():
        for row in rows.values():
            for column in row.keys() - named:  # what the file has no column for stays as it is
                del row[column]
    return roster


def kind_of(path: Path, columns: set[str]) -> str:
    """Returns the kind of a file: by its name, else by its columns.

    Raises:
        RosterError: Neither says it.

    Example:
        >>> kind_of(Path("2026.csv"), {"term_id", "starts", "ends"})
        'terms'
    """
    stem = path.stem.lower()
    for name in (*KINDS, *ALIASES):
        if stem == name or stem.startswith((f"{name}-", f"{name}_")):
            return ALIASES.get(name, name)
    for name, model in KINDS.items():
        needed = {column for column, info in model.model_fields.items() if info.is_required()}
        if needed <= columns <= set(model.model_fields):
            if name == "students" and not columns & {"class_id", "course_id"}:
                continue  # names alone
            return name
    raise RosterError([f"columns {', '.join(sorted(columns))} fit none of: {', '.join(KINDS)}"])


def _csv_part(text: str, path: Path) -> tuple[str, list[Record]]:
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="(too many fields)")
    columns = {name.strip().lower() for name in reader.fieldnames or ()}
    if not columns:
        raise RosterError(["the file is empty"])
    records = [
        (f"line {reader.line_num}", {str(name).strip().lower(): value for name, value in row.items()}) for row in reader
    ]
    return kind_of(path, columns), records


def _json_parts(text: str, path: Path) -> list[tuple[str, list[Record]]]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise RosterError([f"line {error.lineno}: {error.msg}"]) from error
    if isinstance(data, list):
        columns = {name for row in data if isinstance(row, dict) for name in row}
        return [(kind_of(path, columns), _records(data))]
    if not isinstance(data, dict) or not all(isinstance(rows, list) for rows in data.values()):
        raise RosterError(["is neither a list of objects nor an object of such lists"])
    unknown = [name for name in data if ALIASES.get(name, name) not in KINDS]
    if unknown:
        raise RosterError([f"unknown kind {name}; known: {', '.join(KINDS)}" for name in unknown])
    return [(str(ALIASES.get(name, name)), _records(rows, f"{name} ")) for name, rows in data.items()]


def _records(rows: list[Any], of: str = "") -> list[Record]:
    return [(f"{of}item {i}", row if isinstance(row, dict) else {"": row}) for i, row in enumerate(rows, 1)]


def _add(roster: Roster, model: type[Row], records: list[Record], zone: ZoneInfo) -> Iterator[str]:
    """Adds valid records to the roster and yields the faults of the others."""
    places: dict[tuple[str, tuple[Any, ...]], str] = {}
    for place, record in records:
        given = {name: value for name, value in record.items() if value not in (None, "")}
        try:
            tables = model.model_validate(given, context={"zone": zone}).tables()
        except ValidationError as error:
            yield from (f"{place}: {_fault(detail)}" for detail in error.errors())
            continue
        for table, row in tables.items():
            key = tuple(row[column] for column in KEYS[table])
            known = roster.tables.setdefault(table, {})
            if key in known and (table == model.kind or known[key] != row):
                before = places.get((table, key), "another part")
                yield f"{place}: {' / '.join(map(str, key))} is given again, after {before}"
                continue
            known[key] = row
            places.setdefault((table, key), place)


def _fault(detail: Any) -> str:
    where = ".".join(map(str, detail["loc"]))
    value = "" if detail["type"] == "missing" or not where else f" {str(detail['input'])[:60]!r}"
    words = {"missing": "is missing", "extra_forbidden": "is no column of this kind"}
    return f"{where}{value} {words.get(detail['type'], detail['msg'].removeprefix('Value error, '))}".strip()
