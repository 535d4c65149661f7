WITH latest AS (
    SELECT *
    FROM latest_named_events
    WHERE {{fed}}
    ORDER BY event_time DESC, event_id DESC
    LIMIT 20
)
SELECT event_time                                AS "Time",
       coalesce(display_name, student_id)        AS "Student",
       initcap(replace(event_name, '_', ' '))    AS "Did",
       coalesce(title, class_id)                 AS "Class",
       chapter_id                                AS "Chapter",
       initcap(device_type)                      AS "Device"
FROM latest
LEFT JOIN class_list USING (class_id)
ORDER BY event_time DESC, event_id DESC
