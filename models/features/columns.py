"""The columns of the features, once: what `features.sql` must give, and what docs/features.md says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the features.

    Attributes:
        name: Its name.
        type: Its type in DuckDB and Parquet.
        unit: What one of it is.
        null: What null means; empty where it is never null.
        says: What it says.
    """

    name: str
    type: str
    unit: str
    null: str
    says: str


COLUMNS: Final = (
    Column(
        "student_id",
        "VARCHAR",
        "id",
        "",
        "The student, as the topics carry them: a pseudonym where the gateway makes them.",
    ),
    Column("course_id", "VARCHAR", "id", "", "The course."),
    Column("day", "DATE", "local day", "", "The day (`CLASSPULSE_TIMEZONE`)."),
    Column(
        "known_until",
        "TIMESTAMPTZ",
        "instant",
        "",
        "What was known before is in the row: the day's end, or `--as-of` where that is sooner.",
    ),
    Column("class_id", "VARCHAR", "id", "no class known", "The class that the roster named for this course."),
    Column("is_enrolled", "BOOLEAN", "–", "no enrolment known", "Whether the student had come and not left."),
    Column("days_enrolled", "INTEGER", "days", "no date of enrolment known", "Since the first enrolment."),
    Column("interactions", "BIGINT", "events", "", "Interactions on the day; no pings of a hidden tab, no idling."),
    Column("active_minutes", "BIGINT", "minutes", "", "Minutes of the day with an interaction."),
    Column("page_views", "BIGINT", "events", "", "`page_view` on the day."),
    Column("video_plays", "BIGINT", "events", "", "`video_play` on the day."),
    Column("chapters", "BIGINT", "chapters", "", "Different chapters met on the day."),
    Column("submissions", "BIGINT", "events", "", "`assignment_submit` on the day."),
    Column("quiz_attempts", "BIGINT", "attempts", "", "Quizzes with a score of 0 to 100 on the day."),
    Column(
        "interactions_7d", "BIGINT", "events", "", "In the seven days that end with the day, as far as known by then."
    ),
    Column("active_minutes_7d", "BIGINT", "minutes", "", "Likewise."),
    Column("active_days_7d", "BIGINT", "days", "", "Days of these seven with an interaction."),
    Column("active_days_28d", "BIGINT", "days", "", "Days of the last 28 with an interaction."),
    Column(
        "days_since_active",
        "INTEGER",
        "days",
        "never active",
        "Since the last day with an interaction; 0 is the day itself.",
    ),
    Column("quiz_attempts_total", "BIGINT", "attempts", "", "All attempts so far."),
    Column("quiz_mean_score", "DOUBLE", "0–100", "no attempt", "Mean of all scores so far."),
    Column("quiz_last_score", "DOUBLE", "0–100", "no attempt", "The latest score."),
    Column("items", "BIGINT", "items", "no content known of the course", "Items of the course that were open."),
    Column(
        "items_due", "BIGINT", "items", "no content known of the course", "Of these, those whose due date had passed."
    ),
    Column(
        "items_missed",
        "BIGINT",
        "items",
        "no content known of the course",
        "Due items without a submission or an attempt that names them (`assessment_id`).",
    ),
    Column("days_to_next_due", "INTEGER", "days", "nothing falls due", "Until the next due date that was known."),
)
"""In the order of the files."""


def table() -> str:
    """Returns the columns as the table of docs/features.md."""
    lines = ["| column | type | unit | null | |", "|---|---|---|---|---|"]
    lines += [f"| `{c.name}` | {c.type} | {c.unit} | {c.null or 'never'} | {c.says} |" for c in COLUMNS]
    return "\n".join(lines)
