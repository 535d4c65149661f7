-- Classes first, so that few rows look up their grade.
WITH {{chosen}},
counted AS (
    SELECT class_id,
           count(*) FILTER (WHERE status = 'active')                              AS active,
           count(*) FILTER (WHERE status = 'idle')                                AS idle,
           count(*) FILTER (WHERE is_present)                                     AS present,
           count(*) FILTER (WHERE status = 'absent')                              AS absent,
           sum(round(engagement_score * 10000)::bigint) FILTER (WHERE is_present) AS score_sum
    FROM chosen
    WHERE is_present OR is_enrolled
    GROUP BY class_id
)
SELECT coalesce('Grade ' || grade, 'not said')                  AS "Grade",
       count(class_id)                                          AS "Classes",
       sum(active)::bigint                                      AS "Active",
       sum(idle)::bigint                                        AS "Idle",
       sum(present)::bigint                                     AS "Present",
       sum(absent)::bigint                                      AS "Absent",
       round(sum(idle) / nullif(sum(present), 0), 4)            AS "Idle share",
       round(sum(score_sum) / (nullif(sum(present), 0) * 100), 0) AS "Engagement"
FROM counted
LEFT JOIN class_list USING (class_id)
GROUP BY grade
ORDER BY length(grade), grade
