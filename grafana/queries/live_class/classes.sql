WITH counted AS (
    SELECT class_id,
           count(*) FILTER (WHERE is_present AND status = 'active')               AS active,
           count(*) FILTER (WHERE is_present AND status = 'idle')                 AS idle,
           count(*) FILTER (WHERE is_present)                                     AS present,
           count(*) FILTER (WHERE is_enrolled AND NOT is_present)                 AS absent,
           count(*) FILTER (WHERE is_enrolled)                                    AS enrolled,
           sum(round(engagement_score * 10000)::bigint) FILTER (WHERE is_present) AS score_sum
    FROM class_students
    WHERE {{in_choice}}
    GROUP BY class_id
)
SELECT coalesce(title, class_id)                       AS "Class",
       active                                          AS "Active",
       idle                                            AS "Idle",
       present                                         AS "Present",
       absent                                          AS "Absent",
       enrolled                                        AS "Enrolled",
       round(idle::numeric / nullif(present, 0), 4)    AS "Idle share",
       round(score_sum / (nullif(present, 0) * 100), 0) AS "Engagement",
       class_id
FROM counted
LEFT JOIN class_list USING (class_id)
WHERE class_id IS NOT NULL AND (present > 0 OR enrolled > 0)
ORDER BY present DESC, 1
