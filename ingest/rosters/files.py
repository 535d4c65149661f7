"""Reading roster files: which kind they are, and every fault with its line, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from db.roster import KEYS
from ingest.records import FileError, Record, csv_records, fault_of, given, json_of, json_records, text_of
from ingest.rosters.rows import ALIASES, KINDS, TELLING, Row


@dataclass(slots=True)
class Roster:
    """A valid file: rows by table, one a key.

    Attributes:
        kinds: What the file holds.
        tables: Table → key → row.
        records: How many records the file has.
        classes: (student_id, course_id) → the classes that the file names, in its order.
    """

    kinds: list[str] = field(default_factory=list)
    tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = field(default_factory=dict)
    records: int = 0
    classes: dict[tuple[str, str], list[str]] = field(default_factory=dict)


def read(path: Path, zone: ZoneInfo) -> Roster:
    """Reads and checks a roster file.

    Args:
        path: CSV (comma, semicolon or tab; header first) or JSON (a list of objects, or an object of such lists).
        zone: Whose midnight a date alone means.

    Raises:
        FileError: With every fault found.
    """
    text = text_of(path)
    parts = _json_parts(text, path) if path.suffix.lower() == ".json" else [_csv_part(text, path)]
    roster, faults, named = Roster(), [], {column for columns in KEYS.values() for column in columns}
    for kind, records in parts:
        roster.kinds.append(kind)
        roster.records += len(records)
        named |= {column for _place, record in records for column in record}
        faults += list(_add(roster, KINDS[kind], records, zone))
    if faults:
        raise FileError(faults)
    for rows in roster.tables.values():
        for row in rows.values():
            for column in row.keys() - named:  # what the file has no column for stays as it is
                del row[column]
    return roster


def kind_of(path: Path, columns: set[str]) -> str:
    """Returns the kind of a file: by its name, else by its columns.

    Raises:
        FileError: Neither says it.

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
            if name not in TELLING or columns & TELLING[name]:
                return name
    raise FileError([f"columns {', '.join(sorted(columns))} fit none of: {', '.join(KINDS)}"])


def _csv_part(text: str, path: Path) -> tuple[str, list[Record]]:
    columns, records = csv_records(text)
    return kind_of(path, columns), records


def _json_parts(text: str, path: Path) -> list[tuple[str, list[Record]]]:
    data = json_of(text)
    if isinstance(data, list):
        columns = {name for row in data if isinstance(row, dict) for name in row}
        return [(kind_of(path, columns), json_records(data))]
    if not isinstance(data, dict) or not all(isinstance(rows, list) for rows in data.values()):
        raise FileError(["is neither a list of objects nor an object of such lists"])
    unknown = [name for name in data if ALIASES.get(name, name) not in KINDS]
    if unknown:
        raise FileError([f"unknown kind {name}; known: {', '.join(KINDS)}" for name in unknown])
    return [(str(ALIASES.get(name, name)), json_records(rows, f"{name} ")) for name, rows in data.items()]


def _further_class(roster: Roster, key: tuple[Any, ...], row: dict[str, Any], *, may_repeat: bool) -> bool:
    """Notes the row's class; says whether it is one more class of an enrolment that is otherwise given the same."""
    before, class_id = roster.tables["enrolments"].get(key), row["class_id"]
    classes = roster.classes.setdefault(key, [])
    if before is None:
        classes += [class_id] if class_id else []
        return False
    if not class_id or {**before, "class_id": class_id} != row:
        return False
    if class_id in classes:
        return may_repeat
    classes.append(class_id)
    return True


def _add(roster: Roster, model: type[Row], records: list[Record], zone: ZoneInfo) -> Iterator[str]:
    """Adds valid records to the roster and yields the faults of the others."""
    places: dict[tuple[str, tuple[Any, ...]], str] = {}
    for place, record in records:
        try:
            tables = model.model_validate(given(record), context={"zone": zone}).tables()
        except ValidationError as error:
            yield from (f"{place}: {fault_of(detail)}" for detail in error.errors())
            continue
        for table, row in tables.items():
            key = tuple(row[column] for column in KEYS[table])
            known = roster.tables.setdefault(table, {})
            if table == "enrolments" and _further_class(roster, key, row, may_repeat=table != model.kind):
                continue
            if key in known and (table == model.kind or known[key] != row):
                before = places.get((table, key), "another part")
                yield f"{place}: {' / '.join(map(str, key))} is given again, after {before}"
                continue
            known[key] = row
            places.setdefault((table, key), place)
