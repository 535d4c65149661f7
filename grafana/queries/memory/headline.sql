WITH {{people}},
curves AS (
    SELECT user_id, module, retention, revision_urgency
    FROM memory_scores
    JOIN people ON student_id = user_id
    WHERE {{in_module}}
      AND {{of_people}}
)
SELECT count(DISTINCT user_id)                                                   AS "Students",
       count(*)                                                                  AS "Curves",
       percentile_cont(0.5) WITHIN GROUP (ORDER BY retention)                    AS "Remembered",
       count(*) FILTER (WHERE revision_urgency <> 'low')                         AS "Due for revision",
       count(*) FILTER (WHERE revision_urgency = 'high')                         AS "Long overdue",
       avg((revision_urgency = 'high')::integer)::double precision               AS "At risk"
FROM curves
