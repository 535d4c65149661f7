SELECT coalesce(title, module)         AS "Module",
       pass_chance                     AS "Would pass now",
       last_score                      AS "Last score",
       revision_urgency                AS "Revision",
       next_review_at                  AS "Due"
FROM memory_scores
LEFT JOIN (SELECT item_id, max(title) AS title FROM course_items GROUP BY item_id) t ON item_id = module
WHERE user_id IN (${student:sqlstring})
ORDER BY pass_chance, module
LIMIT {{students_shown}}
