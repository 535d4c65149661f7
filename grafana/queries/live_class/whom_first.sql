-- The view keeps each class to a few.
WITH taken AS (
    SELECT s.*, coalesce(n.display_name, s.student_id) AS name, coalesce(l.title, s.class_id) AS class
    FROM stuck_now s
    LEFT JOIN student_names n USING (student_id)
    LEFT JOIN class_list l USING (class_id)
    WHERE ('__all' IN (${class:sqlstring}) OR class_id IN (${class:sqlstring}))
      AND ('__all' IN (${grade:sqlstring}) OR l.grade IN (${grade:sqlstring}))
      AND ('__all' IN (${course:sqlstring}) OR s.course_id IN (${course:sqlstring})
           OR student_id IN (SELECT student_id FROM enrolled_courses WHERE course_id IN (${course:sqlstring})))
)
SELECT name                                                                         AS "Student",
       class                                                                        AS "Class",
       coalesce(item_title, item_id)                                                AS "Where",
       evidence                                                                     AS "Why",
       extract(epoch FROM as_of - began_at)::bigint                                 AS "Waits",
       chance                                                                       AS "Chance",
       CASE WHEN mates > 0 THEN mates_through || ' of ' || mates || ' got through'
            || coalesce(', in ' || round(mates_minutes::numeric, 0) || ' min', '') END AS "Classmates",
       student_id,
       class_id
FROM taken
ORDER BY class, place
