WITH {{risks}},
worst AS MATERIALIZED (
    SELECT *
    FROM risks
    WHERE score > 0
    ORDER BY score DESC, last_activity_at NULLS FIRST, student_id, course_id
    LIMIT {{students_shown}}
),
named AS (
    SELECT w.*, coalesce((SELECT display_name FROM student_names n WHERE n.student_id = w.student_id), student_id) AS name
    FROM worst w
)
SELECT name                                        AS "Student",
       class                                       AS "Class",
       coalesce(title, course_id)                  AS "Course",
       score                                       AS "Risk",
       CASE WHEN never_started THEN 'yes' END      AS "Never started",
       CASE WHEN away THEN 'yes' END               AS "Away a week",
       CASE WHEN behind THEN 'yes' END             AS "Far behind",
       CASE WHEN failing THEN 'yes' END            AS "Failed twice",
       CASE WHEN overdue_items > 0 THEN 'yes' END  AS "Missed a date",
       last_activity_at                            AS "Last activity",
       student_id
FROM named
LEFT JOIN course_titles USING (course_id)
ORDER BY score DESC, last_activity_at NULLS FIRST, 1, course_id
