-- The counts of `activity` say how far back the latest twenty lie: an hour of a large school is millions of rows.
WITH archived AS (
    SELECT max(as_of) AS as_of FROM data_freshness WHERE flow = 'archive'
),
counted AS (
    SELECT window_start, sum(sum(events)) OVER (ORDER BY window_start DESC) AS so_far
    FROM activity
    WHERE window_start > classpulse_now() - interval '1 hour'
      AND window_start <= classpulse_now()
      AND window_start <= (SELECT as_of - interval '1 minute' FROM archived)
      AND {{scope}}
    GROUP BY window_start
),
since AS (
    SELECT coalesce(max(window_start) FILTER (WHERE so_far >= 40 AND choices <= 1), classpulse_now() - interval '1 hour') AS at
    FROM counted
    CROSS JOIN (
        SELECT (NOT '__all' IN (${class:sqlstring}))::int
             + (NOT '__all' IN (${grade:sqlstring}))::int
             + (NOT '__all' IN (${course:sqlstring}))::int AS choices
    ) n
),
latest AS (
    SELECT *
    FROM latest_events
    WHERE event_time >= (SELECT at FROM since)
      AND {{fed}}
    ORDER BY event_time DESC, event_id DESC
    LIMIT 20
),
titles AS MATERIALIZED ( -- computed once, not for each of the twenty
    SELECT class_id, title FROM class_list
)
SELECT event_time                                AS "Time",
       coalesce((SELECT display_name FROM student_names n WHERE n.student_id = latest.student_id), student_id) AS "Student",
       event_label(event_name)                   AS "Did",
       coalesce(titles.title, class_id)          AS "Class",
       coalesce(i.title, chapter_id)             AS "Chapter",
       initcap(device_type)                      AS "Device"
FROM latest
LEFT JOIN titles USING (class_id)
LEFT JOIN course_items i ON i.course_id = latest.course_id AND i.item_id = latest.chapter_id
ORDER BY event_time DESC, event_id DESC
