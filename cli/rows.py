"""Rows of a query on standard output: for people, for spreadsheets, for programs."""

from __future__ import annotations

import csv
import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table


def show(names: list[str], rows: list[tuple[Any, ...]], layout: str) -> None:
    """Prints rows as a table, as CSV with a heading, or as JSON: a list of objects."""
    if layout == "json":
        json.dump([dict(zip(names, row, strict=True)) for row in rows], sys.stdout, default=str, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    if layout == "csv":
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow(names)
        out.writerows(rows)
        return
    table = Table(box=None, pad_edge=False)
    for name, values in zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True):
        numeric = bool(values) and all(isinstance(value, int | float) for value in values if value is not None)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else _text(value) for value in row))
    Console().print(table)


def _text(value: Any) -> str:  # noqa: ANN401
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
