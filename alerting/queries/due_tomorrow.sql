-- What falls due on the next local day and was not handed in by all; a class without such has the row of item ''.
WITH due AS (
    SELECT m.class_id, i.course_id, i.item_id, coalesce(i.title, i.item_id) AS title, count(DISTINCT m.student_id) AS enrolled,
           count(DISTINCT m.student_id) FILTER (WHERE EXISTS (
               SELECT FROM handed_in h
               WHERE h.student_id = m.student_id AND h.course_id = i.course_id AND h.item_id = i.item_id)) AS handed_in
    FROM course_items i
    JOIN class_students m ON m.is_enrolled AND m.class_id IS NOT NULL AND i.course_id = ANY (m.course_ids)
    WHERE local_day(i.due_at) = local_day((SELECT classpulse_now())) + 1 AND lower(i.kind) IN ('assignment', 'quiz')
    GROUP BY m.class_id, i.course_id, i.item_id, i.title
)
SELECT c.class_id,
       coalesce(d.course_id, '') AS course_id,
       coalesce(d.item_id, '') AS item_id,
       coalesce(c.in_term AND d.handed_in < d.enrolled, false) AS firing,
       coalesce(d.enrolled - d.handed_in, 0) AS missing,
       coalesce(d.enrolled, 0) AS enrolled,
       c.title AS class,
       d.title AS item,
       1 AS reason,
       c.content_behind AS behind,
       c.as_of
FROM alert_classes c
LEFT JOIN due d ON d.class_id = c.class_id
