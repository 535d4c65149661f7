"""What our own tables tell of a term's courses, in the form of OULAD's tables: one way of counting for both.

This is the one place where rows come in; whatever else knows what was known at a moment can hand over the same frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import polars as pl
import psycopg
from psycopg.rows import dict_row

from dataflows.errors import UserError
from models.risk.features import DAYS, GROUPS
from models.risk.oulad import Oulad

_TERM: Final = """
SELECT term_id, starts, ends, starts::timestamp AT TIME ZONE classpulse_timezone() AS began_at,
       local_day(k.now) - starts AS day
FROM terms, (SELECT coalesce(%s, classpulse_now()) AS now) k
WHERE local_day(k.now) BETWEEN starts AND ends ORDER BY starts DESC LIMIT 1
"""
_MEMBERS: Final = """
SELECT e.student_id AS id_student, e.course_id AS code_module, e.class_id,
       local_day(e.enrolled_at) - %(starts)s::date AS date_registration,
       CASE WHEN e.left_at >= coalesce(e.enrolled_at, e.left_at) THEN local_day(e.left_at) - %(starts)s::date END
                                               AS date_unregistration
FROM enrolments e
WHERE e.role = 'student' AND e.course_id <> '*'
  AND NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = e.student_id)
  AND NOT EXISTS (SELECT FROM withdrawn_students w WHERE w.student_id = e.student_id)
"""
_HANDED: Final = """
SELECT h.student_id AS id_student, h.course_id AS code_module, h.item_id,
       local_day(min(h.at)) - %(starts)s::date AS date_submitted,
       (array_agg(h.score ORDER BY h.at) FILTER (WHERE h.score IS NOT NULL))[1] AS score
FROM (
    SELECT user_id AS student_id, course AS course_id, module AS item_id, attempted_at AS at, score
    FROM quiz_attempts WHERE quiz_type = 'module'
    UNION ALL
    SELECT student_id, course_id, item_id, event_time, score FROM milestones WHERE kind = 'assignment_submit'
) h
WHERE h.course_id IS NOT NULL AND h.item_id IS NOT NULL AND h.at >= %(began_at)s AND h.at < %(until)s
GROUP BY 1, 2, 3
"""
_DUE: Final = """
SELECT course_id AS code_module, item_id, local_day(due_at) - %(starts)s::date AS date
FROM content_items WHERE due_at >= %(began_at)s
"""


@dataclass(frozen=True, slots=True)
class TermTables:
    """A term's courses as they were known at the end of a week.

    Attributes:
        data: In the form of OULAD's tables.
        week: The last week that is over.
        until: When that week ended: nothing later is read.
        classes: id_student, code_module, class_id.
    """

    data: Oulad
    week: int
    until: datetime
    classes: pl.DataFrame


def read(connection: psycopg.Connection[Any], as_of: datetime | None = None) -> TermTables:
    """Returns what was known at the end of the last whole week of the term that runs.

    Args:
        connection: A connection of the database's owner.
        as_of: When; by default now, or where a replayed log stands.

    Raises:
        UserError: No term runs then, or its first week is not over.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        term = cursor.execute(_TERM, (as_of,)).fetchone()
        if term is None:
            text = "no term runs at that time, and weeks count from its start: load terms with `classpulse roster load`"
            raise UserError(text)
        week = term["day"] // DAYS
        if week < 1:
            text = f"the term {term['term_id']} is in its first week: there is nothing to say yet"
            raise UserError(text)
        given = {**term, "until": term["began_at"] + timedelta(days=DAYS * week)}
        members, handed, due = (cursor.execute(query, given).fetchall() for query in (_MEMBERS, _HANDED, _DUE))
    return TermTables(_as_oulad(term, members, handed, due), week, given["until"], _frame(members, _CLASSES))


_KEY: Final = {"id_student": pl.String, "code_module": pl.String}
_CLASSES: Final = {**_KEY, "class_id": pl.String}
_REGISTERED: Final = {**_KEY, "date_registration": pl.Int64, "date_unregistration": pl.Int64}
_SUBMITTED: Final = {**_KEY, "item_id": pl.String, "date_submitted": pl.Int64, "score": pl.Float64}
_ASSESSED: Final = {"code_module": pl.String, "item_id": pl.String, "date": pl.Int64}


def _frame(rows: list[dict[str, Any]], schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)


def _as_oulad(
    term: dict[str, Any], members: list[dict[str, Any]], handed: list[dict[str, Any]], due: list[dict[str, Any]]
) -> Oulad:
    starts, ends = (value for name in ("starts", "ends") if isinstance(value := term[name], date))
    of = pl.lit(term["term_id"]).alias("code_presentation")
    name = pl.concat_str("code_module", "item_id", separator="\x1f").alias("id_assessment")
    registration = _frame(members, _REGISTERED).with_columns(of)
    submission = _frame(handed, _SUBMITTED)
    # What was handed in without a date by when is an assessment too, of which nothing is ever missing.
    assessment = pl.concat(
        [_frame(due, _ASSESSED), submission.select("code_module", "item_id", date=pl.lit(None, pl.Int64))]
    ).unique(["code_module", "item_id"], keep="first", maintain_order=True)
    return Oulad(
        course=registration.select("code_module")
        .unique()
        .with_columns(of, module_presentation_length=pl.lit((ends - starts).days + 1)),
        student=registration.select(
            "id_student",
            "code_module",
            "code_presentation",
            final_result=pl.lit(""),
            **{group: pl.lit(None, pl.String) for group in GROUPS},
        ),
        registration=registration,
        assessment=assessment.with_columns(of, name, assessment_type=pl.lit("TMA")),
        submission=submission.select("id_student", name, "date_submitted", "score", is_banked=pl.lit(0)),
    )
