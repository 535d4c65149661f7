WITH latest AS (
    SELECT *
    FROM latest_events
    WHERE event_name IN ('session_start', 'session_end', 'login')
      AND {{fed}}
    ORDER BY event_time DESC, event_id DESC
    LIMIT 20
),
titles AS MATERIALIZED ( -- computed once, not for each of the twenty
    SELECT class_id, title FROM class_list
)
SELECT event_time                                                           AS "Time",
       coalesce((SELECT display_name FROM student_names n WHERE n.student_id = latest.student_id), student_id) AS "Student",
       CASE event_name WHEN 'session_end' THEN 'left' ELSE 'arrived' END    AS "What",
       coalesce(title, class_id)                                            AS "Class",
       initcap(device_type)                                                 AS "Device"
FROM latest
LEFT JOIN titles USING (class_id)
ORDER BY event_time DESC, event_id DESC
