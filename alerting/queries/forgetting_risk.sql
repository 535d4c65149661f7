-- A row a class and module that was reviewed lately or will be assessed soon; a class without one has the row of module ''. The norm is
-- what everybody else's curves of the module tell at the class's age; without enough of those, what the class itself could at once.
WITH assessed AS MATERIALIZED (
    SELECT item_id AS module, min(due_at) AS due_at FROM course_items
    WHERE due_at > (SELECT classpulse_now()) AND due_at <= (SELECT classpulse_now()) + interval '{{assessed_weeks}} weeks'
    GROUP BY item_id
),
relevant AS (
    SELECT r.class_id, r.module, r.students, r.chance, r.variance, a.due_at, w.others,
           CASE WHEN w.others THEN r.norm ELSE r.at_once END AS norm,
           CASE WHEN w.others THEN r.norm_variance / r.norm_students ELSE r.at_once_variance / r.students END AS norm_error
    FROM class_recall r
    LEFT JOIN assessed a ON a.module = r.module
    CROSS JOIN LATERAL (SELECT r.norm_students >= {{students_least}} AS others) w
    WHERE a.module IS NOT NULL OR r.last_reviewed_at > r.as_of - interval '{{reviewed_weeks}} weeks'
)
SELECT c.class_id,
       coalesce(r.module, '') AS module,
       coalesce(c.in_term AND r.students >= {{students_least}}
                AND (r.others OR r.due_at <= c.as_of + interval '{{assessed_days}} days')
                AND round((100 * (r.norm - r.chance))::numeric, 6) >= {{forgetting_points}}
                AND r.norm - r.chance >= 2 * sqrt(r.variance / r.students + r.norm_error), false) AS firing,
       coalesce(100 * r.chance, 0) AS chance,
       coalesce(100 * r.norm, 0) AS norm,
       coalesce(r.students, 0) AS curves,
       coalesce(e.enrolled, 0) AS enrolled,
       c.title AS class,
       coalesce((SELECT max(i.title) FROM course_items i WHERE i.item_id = r.module), r.module) AS item,
       CASE WHEN r.others THEN 'of everybody else, as long after their quiz,' ELSE 'right after its last quiz' END AS compared,
       to_char(r.due_at AT TIME ZONE classpulse_timezone(), 'FMDay DD FMMonth') AS assessed,
       CASE WHEN c.in_term THEN 1 ELSE 2 END AS reason,
       c.memory_behind AS behind,
       c.as_of
FROM alert_classes c
LEFT JOIN relevant r ON r.class_id = c.class_id
LEFT JOIN (SELECT class_id, count(*) AS enrolled FROM class_members GROUP BY class_id) e ON e.class_id = c.class_id
