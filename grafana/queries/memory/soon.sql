WITH {{people}},
{{titles}}
SELECT name                            AS "Student",
       class                           AS "Class",
       coalesce(title, module)         AS "Module",
       next_review_at                  AS "Due",
       retention                       AS "Remembers",
       last_score                      AS "Last score",
       student_id
FROM memory_scores
JOIN people ON student_id = user_id
LEFT JOIN titles ON item_id = module
WHERE next_review_at > as_of AND {{in_module}}
  AND {{of_people}}
ORDER BY next_review_at, name, module
LIMIT {{students_shown}}
