WITH {{titles}}
SELECT coalesce(l.title, q.class_id)  AS "Class",
       coalesce(t.title, q.module)    AS "Module",
       q.failure_rate                 AS "Failed",
       q.failed                       AS "Failing",
       q.students                     AS "Took it",
       q.pass_mark                    AS "Pass mark"
FROM quiz_failure_summary q
LEFT JOIN class_list l ON l.class_id = q.class_id
LEFT JOIN titles t ON t.item_id = q.module
WHERE ('__all' IN (${class:sqlstring}) OR q.class_id IN (${class:sqlstring}))
  AND ('__all' IN (${grade:sqlstring}) OR l.grade IN (${grade:sqlstring}))
  AND ('__all' IN (${module:sqlstring}) OR q.module IN (${module:sqlstring}))
ORDER BY q.students < {{students_least}}, q.failure_rate DESC, q.students DESC, 1, 2
LIMIT {{lines_shown}}
