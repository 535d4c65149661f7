WITH {{titles}}
SELECT coalesce(l.title, g.cohort_id)      AS "Class",
       coalesce(t.title, g.module)         AS "Faded",
       coalesce(n.title, g.next_module)    AS "Needed for",
       g.students_with_gap                 AS "Students",
       g.gap_share                         AS "Of those who took it",
       g.median_gap                        AS "Points missing"
FROM knowledge_gap_summary g
LEFT JOIN class_list l ON l.class_id = g.cohort_id
LEFT JOIN titles t ON t.item_id = g.module
LEFT JOIN titles n ON n.item_id = g.next_module
WHERE g.cohort = 'class'
  AND ('__all' IN (${class:sqlstring}) OR g.cohort_id IN (${class:sqlstring}))
  AND ('__all' IN (${grade:sqlstring}) OR l.grade IN (${grade:sqlstring}))
  AND ('__all' IN (${module:sqlstring}) OR g.module IN (${module:sqlstring}))
ORDER BY g.students_with_gap DESC, 1, 2
LIMIT {{lines_shown}}
