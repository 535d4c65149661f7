WITH latest AS (
    SELECT student_id, s.class_id, title, session_start, duration_seconds, pages, events, is_open, is_bounce, device_type
    FROM sessions s
    LEFT JOIN class_list l ON l.class_id = s.class_id
    WHERE $__timeFilter(session_start)
      AND ('__all' IN (${class:sqlstring}) OR s.class_id IN (${class:sqlstring}))
      AND ('__all' IN (${grade:sqlstring}) OR l.grade IN (${grade:sqlstring}))
    ORDER BY session_start DESC, student_id
    LIMIT {{students_shown}}
)
SELECT session_start                       AS "Began",
       coalesce(display_name, student_id)  AS "Student",
       coalesce(title, class_id)           AS "Class",
       duration_seconds                    AS "Lasted",
       pages                               AS "Pages",
       events                              AS "Actions",
       CASE WHEN is_open THEN 'open' WHEN is_bounce THEN 'one page' ELSE 'over' END AS "State",
       initcap(device_type)                AS "Device",
       student_id
FROM latest
LEFT JOIN student_names USING (student_id)
ORDER BY session_start DESC, student_id
