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
       CASE WHEN f.failure_rate > {{failure_high}} AND f.students >= {{students_least}} AND f.failed >= {{failing_least}}
            THEN (SELECT string_agg('question ' || w.question || ' (' || w.wrong || ' of ' || w.answers || ' wrong)', ', '
                                    ORDER BY w.wrong::double precision / w.answers DESC, w.question)
                  FROM (
                      SELECT q.question, q.wrong, q.answers FROM quiz_questions q
                      WHERE q.class_id = c.class_id AND q.module = f.module AND q.wrong > 0
                      ORDER BY q.wrong::double precision / q.answers DESC, q.question LIMIT 2
                  ) w)
       END AS worst,
       1 AS reason,
       c.memory_behind AS behind,
       c.as_of
FROM alert_classes c
LEFT JOIN quiz_failure f ON f.class_id = c.class_id
