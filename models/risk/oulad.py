"""OULAD's tables as they lie: registrations, assessments, submissions with their scores, results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from dataflows.errors import UserError

COURSE: Final = ("code_module", "code_presentation")
_TABLES: Final = {
    "course": ("course", "courses"),
    "student": ("student", "studentInfo"),
    "registration": ("student_registration", "studentRegistration"),
    "assessment": ("assessment", "assessments"),
    "submission": ("student_assessment", "studentAssessment"),
}
_FIRST_MONTH: Final = {"B": 2, "J": 10}


@dataclass(frozen=True, slots=True)
class Oulad:
    """The tables that are read; days count from a presentation's start.

    Attributes:
        course: code_module, code_presentation, module_presentation_length.
        student: id_student, the course, final_result, and groups for the audit.
        registration: id_student, the course, date_registration, date_unregistration.
        assessment: id_assessment, the course, assessment_type, date (null where none is set), weight.
        submission: id_assessment, id_student, date_submitted, is_banked, score.
    """

    course: pl.DataFrame
    student: pl.DataFrame
    registration: pl.DataFrame
    assessment: pl.DataFrame
    submission: pl.DataFrame


def read(folder: Path) -> Oulad:
    """Reads a directory of the dataset, plain or gzip, by its published names or ours.

    Raises:
        UserError: A table is missing.
    """
    found = {}
    for table, names in _TABLES.items():
        paths = [folder / f"{name}.csv{end}" for name in names for end in ("", ".gz")]
        path = next((path for path in paths if path.is_file()), None)
        if path is None:
            text = f"{folder} has no {names[1]}.csv: risk is judged on a directory with OULAD's tables"
            raise UserError(text)
        found[table] = pl.read_csv(path, null_values=["", "?"], infer_schema_length=None)
    return Oulad(**found)


def began_day(presentation: str) -> int:
    """Returns when a presentation began, in days of one count; B is February, J October (the day is not published).

    Example:
        >>> began_day("2014B") - began_day("2013J")
        123
    """
    year, month = int(presentation[:4]), _FIRST_MONTH[presentation[4]]
    return date(year, month, 1).toordinal()
