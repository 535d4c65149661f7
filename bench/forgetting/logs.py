"""The real logs as histories, and what of them cannot be used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import polars as pl

from bench.forgetting.histories import Histories, histories
from dataflows.scores.forgetting import DAY_MS

NAMES_A_SCORE: Final = r"(?i)\d+(?:\.\d+)? ?%|\b(?:score|mark|points)\b|\bgrade (?:of )?'?\d"
PRESENTATION: Final = ["code_module", "code_presentation"]


def data_folder() -> Path:
    """Returns where the real logs lie: `CLASSPULSE_DATA`, else beside the repository."""
    return Path(os.environ.get("CLASSPULSE_DATA", Path(__file__).parents[3] / "shared" / "data"))


def submissions(folder: Path) -> pl.DataFrame:
    """Returns OULAD's scored submissions; those banked from an earlier presentation were not made then."""
    made = pl.read_csv(folder / "oulad" / "student_assessment.csv.gz")
    tasks = pl.read_csv(folder / "oulad" / "assessment.csv.gz")
    kinds = tasks.select("id_assessment", "assessment_type", *PRESENTATION)
    scored = made.with_columns(pl.col("score", "date_submitted").cast(pl.Float64, strict=False))
    return scored.filter(pl.col("score").is_not_null(), ~pl.col("is_banked")).join(kinds, on="id_assessment")


def oulad(folder: Path, module: list[str]) -> Histories:
    """Returns OULAD's histories with the given columns in the part of the module."""
    return histories(
        submissions(folder).select(
            pl.col("id_student").cast(pl.Int64).alias("student"),
            pl.concat_str(module, separator=" ").alias("module"),
            (pl.col("date_submitted") * DAY_MS).cast(pl.Int64).alias("at_ms"),
            pl.col("id_assessment").alias("id"),
            "score",
        )
    )


def moodle(folder: Path) -> dict[str, Any]:
    """Returns how many rows of the Moodle log speak of quizzes, attempts and grades, and how many hold a score."""
    log = pl.read_csv(folder / "moodle-oop-course.csv.gz", infer_schema_length=0)
    name, about = pl.col("Event name"), pl.col("Description").fill_null("")
    attempts = log.filter(name.str.contains("attempt submitted"))
    graded = log.filter(name.is_in(["User graded", "The submission has been graded."]))
    return {
        "rows": log.height,
        "rows_of_the_quiz_component": log.filter(pl.col("Component") == "Quiz").height,
        "interactive_attempts_submitted": attempts.height,
        "interactive_attempts_with_a_user": attempts.filter(pl.col("user").is_not_null()).height,
        "grading_events": graded.height,
        "grading_events_that_name_a_score": graded.filter(about.str.contains(NAMES_A_SCORE)).height,
    }
