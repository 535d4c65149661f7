WITH latest AS (
    SELECT *
    FROM latest_events
    WHERE event_name IN ('session_start', 'session_end', 'login')
      AND {{fed}}
    ORDER BY event_time DESC, event_id DESC
    LIMIT 20
)
SELECT event_time                                                           AS "Time",
       coalesce(display_name, student_id)                                   AS "Student",
       CASE event_name WHEN 'session_end' THEN 'left' ELSE 'arrived' END    AS "What",
       coalesce(title, class_id)                                            AS "Class",
       initcap(device_type)                                                 AS "Device"
FROM latest
LEFT JOIN student_names USING (student_id)
LEFT JOIN class_list USING (class_id)
ORDER BY event_time DESC, event_id DESC
