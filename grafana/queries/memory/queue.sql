WITH {{people}},
{{titles}},
waiting AS (
    SELECT user_id, module_id AS module, urgency_level, scheduled_at
    FROM revision_signals
    WHERE reviewed_at IS NULL
      AND {{of_people}}
)
SELECT name                            AS "Student",
       class                           AS "Class",
       coalesce(title, module)         AS "Module",
       urgency_level                   AS "Urgency",
       scheduled_at                    AS "Due since",
       retention                       AS "Remembers",
       student_id
FROM waiting
JOIN people ON student_id = user_id
LEFT JOIN (SELECT user_id, module, retention FROM memory_scores WHERE {{of_people}}) s USING (user_id, module)
LEFT JOIN titles ON item_id = module
WHERE {{in_module}}
ORDER BY retention, scheduled_at, name, module
LIMIT {{students_shown}}
