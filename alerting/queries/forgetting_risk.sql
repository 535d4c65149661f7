-- A row a class and module that was reviewed lately or will be assessed soon; a class without one has the row of module ''.
WITH reviewed AS MATERIALIZED (
    SELECT DISTINCT s.class_id, m.module
    FROM memory_scores m
    JOIN class_members s ON s.student_id = m.user_id
    WHERE m.last_reviewed_at > (SELECT classpulse_now()) - interval '{{reviewed_weeks}} weeks'
),
relevant AS (
    SELECT f.*
    FROM forgetting_by_cohort f
    WHERE f.cohort = 'class'
      AND (f.module IN (SELECT i.item_id FROM course_items i
                        WHERE i.due_at > (SELECT classpulse_now())
                          AND i.due_at <= (SELECT classpulse_now()) + interval '{{assessed_weeks}} weeks')
           OR (f.cohort_id, f.module) IN (SELECT r.class_id, r.module FROM reviewed r))
)
SELECT c.class_id,
       coalesce(r.module, '') AS module,
       coalesce(c.in_term AND r.students_with_curve >= {{students_least}}
                AND (r.high_share > {{forgetting_high}} OR r.high_share_3d > {{forgetting_high}}), false) AS firing,
       coalesce(r.high_students, 0) AS high,
       coalesce(r.students_with_curve, 0) AS curves,
       coalesce(r.enrolled, 0) AS enrolled,
       c.title AS class,
       coalesce((SELECT max(i.title) FROM course_items i WHERE i.item_id = r.module), r.module) AS item,
       -- the day by which it will have crossed; null where it has
       CASE WHEN r.high_share <= {{forgetting_high}}
            THEN to_char((c.as_of + CASE WHEN r.high_share_1d > {{forgetting_high}} THEN interval '24 hours'
                                         ELSE interval '72 hours' END) AT TIME ZONE classpulse_timezone(), 'FMDay')
       END AS crosses,
       CASE WHEN c.in_term THEN 1 ELSE 2 END AS reason,
       c.memory_behind AS behind,
       c.as_of
FROM alert_classes c
LEFT JOIN relevant r ON r.cohort_id = c.class_id
