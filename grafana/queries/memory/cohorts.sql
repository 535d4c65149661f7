WITH {{titles}}
SELECT coalesce(l.title, f.cohort_id)  AS "Class",
       coalesce(t.title, f.module)     AS "Module",
       f.pass_chance                   AS "Remembered",
       f.pass_chance_1d                AS "Tomorrow",
       f.pass_chance_3d                AS "In 3 days",
       f.pass_chance_7d                AS "In 7 days",
       f.high_share                    AS "Long overdue",
       f.students_with_curve           AS "Students",
       f.enrolled                      AS "Enrolled",
       f.cohort_id                     AS class_id,
       f.module
FROM forgetting_summary f
LEFT JOIN class_list l ON l.class_id = f.cohort_id
LEFT JOIN titles t ON t.item_id = f.module
WHERE f.cohort = 'class'
  AND ('__all' IN (${class:sqlstring}) OR f.cohort_id IN (${class:sqlstring}))
  AND ('__all' IN (${grade:sqlstring}) OR l.grade IN (${grade:sqlstring}))
  AND ('__all' IN (${module:sqlstring}) OR f.module IN (${module:sqlstring}))
ORDER BY f.pass_chance, f.students_with_curve DESC, 1, 2
LIMIT {{students_shown}}
