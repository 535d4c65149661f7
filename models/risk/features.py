"""What was known of a student of a course by the end of a week: cut first, counted then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from models.measures import Bools, Floats
from models.risk.oulad import COURSE, Oulad

FAILED: Final = ("Fail", "Withdrawn")
DAYS: Final = 7
LONGEST_SILENT: Final = 60
NO_SCORE: Final = 50.0

FEATURES: Final = (
    "registered_late",
    "nothing_due_yet",
    "missed_share",
    "missed_last",
    "never_handed_in",
    "mean_score",
    "last_score",
    "has_score",
    "late_share",
    "days_silent",
)
"""What a public dataset and our own tables tell alike, so that what was judged is what runs. Who somebody is (gender,
age, region, neighbourhood, disability) is no feature; errors are reported by it."""
GROUPS: Final = ("gender", "age_band", "imd_band", "disability")


@dataclass(frozen=True, slots=True)
class Week:
    """The students of some courses at the end of a week.

    Attributes:
        rows: id_student, the course, final_result, `GROUPS`.
        features: Shape (n, len(FEATURES)).
        was: Who failed or withdrew later.
    """

    rows: pl.DataFrame
    features: Floats
    was: Bools

    def take(self, mask: Bools) -> Week:
        """Returns some of the rows."""
        return Week(self.rows.filter(pl.Series(mask)), self.features[mask], self.was[mask])


def week_of(data: Oulad, week: int) -> Week:
    """Returns who was registered at the end of a week of their presentation, and what was then known of them.

    Nothing after day 7 × week is read but the result: a submission, an unregistration or a registration of a later day
    is cut off before anything is counted. Of an assessment it is known from the start when it is due.

    Args:
        data: The dataset.
        week: 0 is the day before the presentation begins.
    """
    day = DAYS * week
    key = ["id_student", *COURSE]
    known = data.registration.filter(
        pl.col("date_registration").fill_null(0) <= day,
        pl.col("date_unregistration").is_null() | (pl.col("date_unregistration") > day),
    )
    long = data.course.filter(pl.col("module_presentation_length") > day).select(COURSE)
    people = known.join(data.student, on=key).join(long, on=list(COURSE))
    due = data.assessment.filter(pl.col("date") <= day, pl.col("assessment_type") != "Exam")
    handed = (
        data.submission.filter(pl.col("date_submitted") <= day, pl.col("is_banked") == 0)
        .join(data.assessment.filter(pl.col("assessment_type") != "Exam"), on="id_assessment")
        .sort("date_submitted", "id_assessment")
    )
    course = due.group_by(COURSE).agg(
        due=pl.len(), last_due=pl.col("id_assessment").sort_by("date", "id_assessment").last()
    )
    mine = handed.group_by(key).agg(
        handed=(pl.col("date").fill_null(10**6) <= day).sum(),
        any_handed=pl.len(),
        mean_score=pl.col("score").mean(),
        last_score=pl.col("score").drop_nulls().last(),
        late=(pl.col("date_submitted") > pl.col("date")).sum(),
        last_day=pl.col("date_submitted").max(),
        ids=pl.col("id_assessment"),
    )
    rows = (
        people.join(course, on=list(COURSE), how="left")
        .join(mine, on=key, how="left")
        .sort(key)
        .with_columns(pl.col("due", "handed", "any_handed", "late").fill_null(0))
        .with_columns(
            registered_late=pl.col("date_registration").fill_null(-30).clip(-180, 60) / 30,
            nothing_due_yet=(pl.col("due") == 0).cast(pl.Float64),
            missed_share=pl.when(pl.col("due") > 0)
            .then((1 - pl.col("handed") / pl.col("due")).clip(0, 1))
            .otherwise(0.0),
            missed_last=(
                (pl.col("due") > 0) & ~pl.col("last_due").is_in(pl.col("ids").fill_null([])).fill_null(value=False)
            ).cast(pl.Float64),
            never_handed_in=((pl.col("due") > 0) & (pl.col("any_handed") == 0)).cast(pl.Float64),
            has_score=pl.col("last_score").is_not_null().cast(pl.Float64),
            mean_score=pl.col("mean_score").fill_null(NO_SCORE).cast(pl.Float64),
            last_score=pl.col("last_score").fill_null(NO_SCORE).cast(pl.Float64),
            late_share=pl.when(pl.col("any_handed") > 0).then(pl.col("late") / pl.col("any_handed")).otherwise(0.0),
            days_silent=(day - pl.col("last_day").fill_null(0)).clip(0, LONGEST_SILENT).cast(pl.Float64),
        )
    )
    features = rows.select(FEATURES).to_numpy().astype(np.float64)
    was = rows["final_result"].is_in(FAILED).to_numpy()
    return Week(rows.select(*key, "final_result", *GROUPS), features, was)
