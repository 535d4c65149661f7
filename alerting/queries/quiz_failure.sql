-- A row a class and quiz of the last 7 days; a class without one has the row of module ''.
SELECT c.class_id,
       coalesce(f.module, '') AS module,
       coalesce(c.in_term AND f.failure_rate > {{failure_high}} AND f.students >= {{students_least}} AND f.failed >= {{failing_least}},
                false) AS firing,
       coalesce(f.failed, 0) AS failed,
       coalesce(f.students, 0) AS students,
       coalesce(f.pass_mark, classpulse_pass_mark()) AS mark,
       1 AS reason,
       c.memory_behind AS behind,
       c.as_of
FROM alert_classes c
LEFT JOIN quiz_failure f ON f.class_id = c.class_id
