-- Those first that may need someone: who has been idle longest, then who has been on one item longest, then who is absent. Who
-- looks stuck is another list (stuck.sql). The order hangs on instants, not on durations, so that a page stays where it was.
WITH people AS MATERIALIZED (
    SELECT student_id, display_name, CASE WHEN is_present THEN status ELSE 'absent' END AS status, is_enrolled,
           last_active_at, current_activity, engagement_score, course_id, chapter_id, device
    FROM class_students
    WHERE class_id = %(class_id)s AND (is_present OR is_enrolled)
),
-- A visit that goes on is a row already; one that began more than four hours ago is not of this lesson.
visited AS (
    SELECT p.student_id, v.since
    FROM people p
    CROSS JOIN LATERAL (
        SELECT max(c.start_time) AS since
        FROM chapter_visits c
        WHERE c.student_id = p.student_id
          AND c.chapter_id = p.chapter_id
          AND c.start_time > %(now)s::timestamptz - interval '4 hours'
          AND c.start_time <= %(now)s::timestamptz
    ) v
    WHERE p.status IN ('active', 'idle')
),
placed AS (
    SELECT p.*, v.since AS on_item_since,
           CASE p.status
               WHEN 'idle' THEN extract(epoch FROM last_active_at)
               WHEN 'active' THEN 100000000000 + coalesce(extract(epoch FROM v.since), 90000000000)
               ELSE 1000000000000
           END::double precision AS place
    FROM people p
    LEFT JOIN visited v USING (student_id)
)
SELECT student_id, display_name, status, is_enrolled, last_active_at,
       CASE WHEN status <> 'absent' THEN current_activity END                              AS current_activity,
       CASE WHEN status <> 'absent' THEN p.course_id END                                   AS course_id,
       CASE WHEN status <> 'absent' THEN p.chapter_id END                                  AS chapter_id,
       CASE WHEN status <> 'absent' THEN i.title END                                       AS chapter_title,
       on_item_since,
       CASE WHEN status <> 'absent' THEN round((engagement_score * 100)::numeric, 0)::integer END AS engagement_score,
       device,
       place
FROM placed p
LEFT JOIN course_items i ON i.course_id = p.course_id AND i.item_id = p.chapter_id
WHERE %(after)s::text IS NULL OR (place, student_id) > (%(after_place)s::double precision, %(after)s::text)
ORDER BY place, student_id
LIMIT %(limit)s
