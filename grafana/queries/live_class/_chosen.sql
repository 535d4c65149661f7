matching AS MATERIALIZED ( -- with no more than the panel shows: it is a copy of everybody
    SELECT student_id, class_id, is_present, is_enrolled, is_only, status, {{shown}}
    FROM class_students
    WHERE (is_present OR is_enrolled) AND {{in_choice}}
),
-- Who has several rows counts by one of them; they are few, and the others need no sorting.
chosen AS (
    SELECT student_id, class_id, is_present, CASE WHEN is_present THEN status ELSE 'absent' END AS status, {{shown}}
    FROM (
        SELECT student_id, class_id, is_present, status, {{shown}} FROM matching WHERE is_only
        UNION ALL
        SELECT * FROM (
            SELECT DISTINCT ON (student_id) student_id, class_id, is_present, status, {{shown}}
            FROM matching
            WHERE NOT is_only
            ORDER BY student_id, is_present DESC, is_enrolled DESC, class_id
        ) several
    ) m
)
