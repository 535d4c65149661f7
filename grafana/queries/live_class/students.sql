-- Those first that need someone: who has been idle longest, then who does least. Names decide among equals, and are looked up for those
-- alone who may be listed.
WITH {{chosen}},
placed AS NOT MATERIALIZED (
    SELECT *,
           CASE status WHEN 'idle' THEN date_part('epoch', last_active_at) WHEN 'active' THEN 1e11 + engagement_score ELSE 1e12 END AS place
    FROM chosen
),
listed AS (
    SELECT p.*, coalesce((SELECT display_name FROM student_names n WHERE n.student_id = p.student_id), student_id) AS name
    FROM placed p
    WHERE place <= (SELECT max(place) FROM (SELECT place FROM placed ORDER BY place LIMIT {{students_shown}}) first)
    ORDER BY place, name, student_id
    LIMIT {{students_shown}}
)
SELECT name                                                                        AS "Student",
       status                                                                      AS "Status",
       coalesce(l.title, class_id)                                                 AS "Class",
       CASE WHEN is_present THEN event_label(current_activity) END                 AS "Last did",
       CASE WHEN is_present THEN coalesce(i.title, chapter_id) END                 AS "Chapter",
       CASE WHEN last_active_at < classpulse_now() THEN extract(epoch FROM classpulse_now() - last_active_at)::bigint
            WHEN last_active_at IS NOT NULL THEN 0 END                             AS "Ago",
       CASE WHEN is_present THEN round((engagement_score * 100)::numeric, 0) END   AS "Engagement",
       student_id,
       class_id
FROM listed
LEFT JOIN class_list l USING (class_id)
LEFT JOIN course_items i ON i.course_id = listed.course_id AND i.item_id = listed.chapter_id
ORDER BY place, name, student_id
