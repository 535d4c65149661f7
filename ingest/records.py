"""Records of the files that people write: CSV or JSON, each record with its place, and every fault with it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from dataflows.errors import UserError
from dataflows.events.text import is_blank

Record = tuple[str, dict[str, Any]]  # where it stands ("line 3"), what it says

SHOWN_FAULTS = 20


class FileError(UserError, ValueError):
    """A file cannot be loaded; `faults` says every reason with its place."""

    def __init__(self, faults: list[str]) -> None:
        """Keeps the faults."""
        super().__init__("; ".join(faults))
        self.faults = faults

    def lines(self, path: Path) -> list[str]:
        """Returns what to tell the reader of a terminal; not more than fits on it."""
        hidden = len(self.faults) - SHOWN_FAULTS
        shown = [f"  {fault}" for fault in self.faults[:SHOWN_FAULTS]]
        more = [f"  … and {hidden} more"] if hidden > 0 else []
        return [f"{path}: nothing loaded, {len(self.faults)} fault(s)", *shown, *more]


def text_of(path: Path) -> str:
    """Returns a file's text.

    Raises:
        FileError: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError([str(error)]) from error


def csv_records(text: str) -> tuple[set[str], list[Record]]:
    r"""Returns the columns and the records of a CSV text: comma, semicolon or tab; first line = column names.

    Raises:
        FileError: The text is empty.

    Example:
        >>> csv_records("Item; Title\n1;One\n")[1]
        [('line 2', {'item': '1', 'title': 'One'})]
    """
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="(too many fields)")
    columns = {name.strip().lower() for name in reader.fieldnames or ()}
    if not columns:
        raise FileError(["the file is empty"])
    records = [
        (f"line {reader.line_num}", {str(name).strip().lower(): value for name, value in row.items()}) for row in reader
    ]
    return columns, records


def json_of(text: str) -> Any:  # noqa: ANN401
    """Returns what a JSON text says.

    Raises:
        FileError: It is none.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise FileError([f"line {error.lineno}: {error.msg}"]) from error


def json_records(rows: list[Any], of: str = "") -> list[Record]:
    """Returns the records of a list of objects; `of`: what stands before their places."""
    return [(f"{of}item {i}", row if isinstance(row, dict) else {"": row}) for i, row in enumerate(rows, 1)]


def given(record: dict[str, Any]) -> dict[str, Any]:
    """Returns what a record gives: a blank field gives nothing."""
    return {name: value for name, value in record.items() if not is_blank(value)}


def fault_of(detail: Any) -> str:  # noqa: ANN401
    """Returns one of a `ValidationError`'s errors in words."""
    where = ".".join(map(str, detail["loc"]))
    value = "" if detail["type"] == "missing" or not where else f" {str(detail['input'])[:60]!r}"
    words = {"missing": "is missing", "extra_forbidden": "is no column of this kind"}
    return f"{where}{value} {words.get(detail['type'], detail['msg'].removeprefix('Value error, '))}".strip()
