-- Of all students the foremost are kept (reviews_coming): their names are looked up when the list is short.
WITH foremost AS (
    SELECT user_id, module, next_review_at, pass_chance, last_score
    FROM reviews_coming
    WHERE {{everybody}} AND {{in_module}} AND next_review_at > (SELECT classpulse_now())
    ORDER BY next_review_at
    FETCH FIRST {{students_shown}} ROWS WITH TIES
),
{{foremost_people}},
{{titles}},
coming AS (
    SELECT user_id, module, next_review_at, pass_chance, last_score
    FROM memory_scores
    WHERE next_review_at > as_of AND NOT {{everybody}} AND {{in_module}}
      AND {{of_people}}
    UNION ALL
    SELECT user_id, module, next_review_at, pass_chance, last_score FROM foremost
)
SELECT name                            AS "Student",
       class                           AS "Class",
       coalesce(title, module)         AS "Module",
       next_review_at                  AS "Due",
       pass_chance                     AS "Remembers",
       last_score                      AS "Last score",
       student_id
FROM coming
JOIN people ON student_id = user_id
LEFT JOIN titles ON item_id = module
ORDER BY next_review_at, name, module
LIMIT {{students_shown}}
