-- A row a class and quiz of the last 7 days; a class without one has the row of module ''.
SELECT c.class_id,
       coalesce(f.module, '') AS module,
       coalesce(c.in_term AND f.failure_rate > {{failure_high}} AND f.students >= {{students_least}} AND f.failed >= {{failing_least}},
                false) AS firing,
       coalesce(f.failed, 0) AS failed,
       coalesce(f.students, 0) AS students,
       coalesce(f.pass_mark, classpulse_pass_mark()) AS mark,
       c.title AS class,
       coalesce((SELECT max(i.title) FROM course_items i WHERE i.item_id = f.module), f.module) AS item,
       w.questions AS worst,
       1 AS reason,
       c.memory_behind AS behind,
       c.as_of
FROM alert_classes c
LEFT JOIN quiz_failure f ON f.class_id = c.class_id
LEFT JOIN (
    SELECT class_id, module,
           string_agg('question ' || question || ' (' || wrong || ' of ' || answers || ' wrong)', ', ' ORDER BY place) AS questions
    FROM (
        SELECT *, row_number() OVER (PARTITION BY class_id, module ORDER BY wrong::double precision / answers DESC, question) AS place
        FROM quiz_questions WHERE wrong > 0
    ) q
    WHERE place <= 2
    GROUP BY class_id, module
) w ON w.class_id = c.class_id AND w.module = f.module
