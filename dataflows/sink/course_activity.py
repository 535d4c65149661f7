"""`course_activity`: when a student last did anything in a course; a maximum, so the same in any order."""

from __future__ import annotations

from psycopg import sql

_MERGE = """
INSERT INTO course_activity AS t (student_id, course_id, last_at)
SELECT student_id, course_id, max(last_at) FROM {stage} GROUP BY student_id, course_id
ON CONFLICT (student_id, course_id) DO UPDATE SET last_at = excluded.last_at WHERE excluded.last_at > t.last_at
"""


def merge_statement(stage: str) -> sql.Composed:
    """Returns the upsert of staged times into `course_activity`: the latest stays.

    Args:
        stage: A table with `student_id`, `course_id` and `last_at`; keys may repeat.
    """
    return sql.SQL(_MERGE).format(stage=sql.Identifier(stage))
