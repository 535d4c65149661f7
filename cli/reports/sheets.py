"""The report's answers as CSV files, one a section."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from cli.reports.asked import Report


def write(report: Report, folder: Path) -> list[Path]:
    """Writes every section with all its rows, values as the database has them, times with their offset."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for section in report.sections.values():
        path = folder / f"{_name(section.title)}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(section.columns)
            writer.writerows(section.rows)
        written.append(path)
    return written


def _name(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
