-- Classes first, so that few rows look up their grade.
WITH {{counted}},
by_class AS (
    SELECT class_id,
           sum(students) FILTER (WHERE is_present AND status = 'active') AS active,
           sum(students) FILTER (WHERE is_present AND status = 'idle')   AS idle,
           sum(students) FILTER (WHERE is_present)                       AS present,
           sum(students) FILTER (WHERE NOT is_present)                   AS absent,
           sum(score_sum) FILTER (WHERE is_present)                      AS score_sum
    FROM counted
    WHERE is_present OR is_enrolled
    GROUP BY class_id
)
SELECT coalesce('Grade ' || grade, 'not said')                  AS "Grade",
       count(class_id)                                          AS "Classes",
       coalesce(sum(active), 0)::bigint                         AS "Active",
       coalesce(sum(idle), 0)::bigint                           AS "Idle",
       coalesce(sum(present), 0)::bigint                        AS "Present",
       coalesce(sum(absent), 0)::bigint                         AS "Absent",
       round(coalesce(sum(idle), 0) / nullif(sum(present), 0), 4) AS "Idle share",
       round(sum(score_sum) / (nullif(sum(present), 0) * 100), 0) AS "Engagement"
FROM by_class
LEFT JOIN class_list USING (class_id)
GROUP BY grade
ORDER BY length(grade), grade
