"""The tables of a directory, plain or packed, under the names of the dataset or with underscores."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ingest.formats import FormatError
from ingest.formats.opening import open_text

Row = dict[str, str]

COLUMNS: Final = {
    "assessment": {"code_module", "code_presentation", "id_assessment"},
    "course": {"code_module", "code_presentation"},
    "studentassessment": {"id_assessment", "id_student", "date_submitted"},
    "studentregistration": {"code_module", "code_presentation", "id_student", "date_registration"},
    "studentvle": {"code_module", "code_presentation", "id_student", "id_site", "date", "sum_click"},
    "student": {"code_module", "code_presentation", "id_student", "final_result"},
    "vle": {"id_site"},
}
"""The tables that are read, and what they must have."""
WANTED: Final = ("studentassessment", "studentregistration", "studentvle")
"""At least one of them makes a log."""
_SAME: Final = {"studentinfo": "student", "assessments": "assessment", "courses": "course"}


def tables_in(folder: Path) -> dict[str, Path]:
    """Returns the files by table: `studentAssessment.csv`, `student_assessment.csv.gz` and the like.

    Raises:
        FormatError: None of the tables that make a log is there.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        word = path.name.split(".")[0].lower().replace("_", "").replace("-", "")
        name = _SAME.get(word, word)
        if name in COLUMNS and ".csv" in path.name.lower():
            found[name] = path
    if not set(WANTED) & found.keys():
        there = ", ".join(sorted(path.name for path in folder.iterdir())[:10]) or "nothing"
        message = (
            f"{folder} is no OULAD directory: expected are studentAssessment.csv, studentRegistration.csv or "
            f"studentVle.csv (with or without underscores, plain or gzip); there is {there}"
        )
        raise FormatError(message)
    return found


def rows_of(tables: dict[str, Path], name: str) -> Iterator[tuple[int, Row]]:
    """Yields the rows of a table, each with its line; nothing where the table is not there.

    Raises:
        FormatError: It lacks columns.
    """
    if name not in tables:
        return
    with open_text(tables[name]) as text:
        reader = csv.DictReader(text)
        missing = COLUMNS[name] - set(reader.fieldnames or ())
        if missing:
            message = f"{tables[name]} lacks the columns {', '.join(sorted(missing))}"
            raise FormatError(message)
        yield from ((reader.line_num, row) for row in reader)
