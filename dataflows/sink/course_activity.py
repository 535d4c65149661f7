"""`course_activity`: when a student last did anything in a course; a maximum, so the same in any order."""

from __future__ import annotations

from psycopg import sql

# Most rows say a minute that is stored already: an upsert would lock each, which is a record in the database's log.
_MERGE = """
UPDATE course_activity t SET last_at = s.last_at
FROM (SELECT student_id, course_id, max(last_at) AS last_at FROM {stage} GROUP BY 1, 2) s
WHERE t.student_id = s.student_id AND t.course_id = s.course_id AND t.last_at < s.last_at;
INSERT INTO course_activity AS t (student_id, course_id, last_at)
SELECT student_id, course_id, max(last_at) FROM {stage} s
WHERE NOT EXISTS (SELECT FROM course_activity k WHERE k.student_id = s.student_id AND k.course_id = s.course_id)
GROUP BY 1, 2
ON CONFLICT (student_id, course_id) DO UPDATE SET last_at = excluded.last_at WHERE excluded.last_at > t.last_at
"""


def merge_statement(stage: str) -> sql.Composed:
    """Returns the statements that merge staged times into `course_activity`: the latest stays.

    Args:
        stage: A table with `student_id`, `course_id` and `last_at`; keys may repeat.
    """
    return sql.SQL(_MERGE).format(stage=sql.Identifier(stage))
