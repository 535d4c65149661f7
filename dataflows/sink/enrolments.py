"""`enrolments` kept current from events: a fold that gives the same row in any order, however often repeated."""

from __future__ import annotations

from psycopg import sql

FACT_COLUMNS = ("student_id", "course_id", "class_id", "role", "enrolled_at", "left_at")
"""One row an event: `course_enroll` has `enrolled_at`, `course_unenroll` `left_at` (event time); the other is null."""

FIRST_AND_LAST = {
    "enrolled_at": "least(t.enrolled_at, excluded.enrolled_at)",
    "returned_at": "nullif(greatest(t.enrolled_at, t.returned_at, excluded.enrolled_at, excluded.returned_at),"
    " least(t.enrolled_at, excluded.enrolled_at))",
}
"""How two rows `t` and `excluded` become one: the first enrolment ever, beside it the latest if that is another."""

_MERGE = """
INSERT INTO enrolments AS t (student_id, course_id, class_id, enrolled_at, returned_at, left_at, role, class_at)
SELECT student_id,
       course_id,
       (array_agg(class_id ORDER BY enrolled_at DESC, class_id DESC)
           FILTER (WHERE class_id IS NOT NULL AND enrolled_at IS NOT NULL))[1],
       min(enrolled_at),
       nullif(max(enrolled_at), min(enrolled_at)),
       max(left_at),
       coalesce(max(role) FILTER (WHERE role <> 'student'), 'student'),
       max(enrolled_at) FILTER (WHERE class_id IS NOT NULL)
FROM {stage}
GROUP BY student_id, course_id
ON CONFLICT (student_id, course_id) DO UPDATE SET
    enrolled_at = {enrolled_at},
    returned_at = {returned_at},
    left_at     = greatest(t.left_at, excluded.left_at),
    class_id    = CASE WHEN {newer_class} THEN excluded.class_id ELSE t.class_id END,
    class_at    = greatest(t.class_at, excluded.class_at),
    role        = CASE WHEN t.role = 'student' THEN excluded.role
                       WHEN excluded.role = 'student' THEN t.role
                       ELSE greatest(t.role, excluded.role) END
WHERE ({enrolled_at}, {returned_at}, greatest(t.left_at, excluded.left_at))
          IS DISTINCT FROM (t.enrolled_at, t.returned_at, t.left_at)
   OR {newer_class}
   OR (excluded.role <> 'student' AND excluded.role <> t.role)
"""
_NEWER_CLASS = """(excluded.class_at IS NOT NULL AND (t.class_at IS NULL
    OR (excluded.class_at, excluded.class_id) > (t.class_at, coalesce(t.class_id, ''))))"""


def merge_statement(stage: str) -> sql.Composed:
    """Returns the upsert of staged facts into `enrolments`.

    Of all facts of a student and course the first enrolment, the latest one and the latest leaving stay; a student
    is enrolled unless the leaving is at or after the latest enrolment. The class is that of the latest enrolment
    that names one. A role other than student, once said, stays until the roster says otherwise.

    Args:
        stage: A table with `FACT_COLUMNS`; keys may repeat.
    """
    return sql.SQL(_MERGE).format(
        stage=sql.Identifier(stage),
        newer_class=sql.SQL(_NEWER_CLASS),
        **{column: sql.SQL(text) for column, text in FIRST_AND_LAST.items()},
    )
