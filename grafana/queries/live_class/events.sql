SELECT event_time                                AS "Time",
       coalesce(display_name, student_id)        AS "Student",
       initcap(replace(event_name, '_', ' '))    AS "Did",
       class_id                                  AS "Class",
       chapter_id                                AS "Chapter",
       initcap(device_type)                      AS "Device"
FROM latest_named_events
WHERE {{fed}}
ORDER BY event_time DESC, event_id DESC
LIMIT 20
