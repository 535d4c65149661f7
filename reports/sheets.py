"""The report's answers as CSV files, one a section."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Final

from reports.queries import Report

FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a formula may begin; the last are the wide forms, which some locales take for the narrow ones."""


def write(report: Report, folder: Path) -> list[Path]:
    """Writes every section with all its rows, values as the database has them, times with their offset.

    Only a text that a spreadsheet would run as a formula gets an apostrophe before it (see `harmless`).
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for section in report.sections.values():
        path = folder / f"{_name(section.title)}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(map(harmless, section.columns))
            writer.writerows(map(harmless, row) for row in section.rows)
        written.append(path)
    return written


def harmless(cell: object) -> object:
    r"""Returns a cell that no spreadsheet takes for a formula: what students and courses are called is not ours.

    Source: OWASP, "CSV Injection".

    Example:
        >>> harmless("=1+1"), harmless("7B"), harmless(-0.5), harmless("\t@x")
        ("'=1+1", '7B', -0.5, "'\\t@x")
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULAS) else cell


def _name(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
