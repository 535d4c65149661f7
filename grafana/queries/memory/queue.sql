-- Of all students the foremost are kept (revisions_waiting): their names are looked up when the list is short.
WITH foremost AS (
    SELECT user_id, module, urgency_level, scheduled_at, pass_chance
    FROM revisions_waiting
    WHERE {{everybody}} AND {{in_module}}
    ORDER BY pass_chance, scheduled_at
    FETCH FIRST {{students_shown}} ROWS WITH TIES
),
{{foremost_people}},
{{titles}},
waiting AS (
    SELECT s.user_id, s.module, s.urgency_level, s.scheduled_at, m.pass_chance
    FROM (SELECT user_id, module_id AS module, urgency_level, scheduled_at FROM revision_signals
          WHERE reviewed_at IS NULL AND NOT {{everybody}} AND {{of_people}}) s
    LEFT JOIN (SELECT user_id, module, pass_chance FROM memory_scores WHERE NOT {{everybody}} AND {{of_people}}) m USING (user_id, module)
    UNION ALL
    SELECT user_id, module, urgency_level, scheduled_at, pass_chance FROM foremost
)
SELECT name                            AS "Student",
       class                           AS "Class",
       coalesce(title, module)         AS "Module",
       urgency_level                   AS "Urgency",
       scheduled_at                    AS "Due since",
       pass_chance                     AS "Remembers",
       student_id
FROM waiting
JOIN people ON student_id = user_id
LEFT JOIN titles ON item_id = module
WHERE {{in_module}}
ORDER BY pass_chance, scheduled_at, name, module
LIMIT {{students_shown}}
