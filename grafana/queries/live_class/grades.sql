WITH {{chosen}}
SELECT coalesce('Grade ' || grade, 'not said')          AS "Grade",
       count(DISTINCT class_id)                         AS "Classes",
       count(*) FILTER (WHERE status = 'active')        AS "Active",
       count(*) FILTER (WHERE status = 'idle')          AS "Idle",
       count(*) FILTER (WHERE is_present)               AS "Present",
       count(*) FILTER (WHERE status = 'absent')        AS "Absent",
       round(count(*) FILTER (WHERE status = 'idle')::numeric / nullif(count(*) FILTER (WHERE is_present), 0), 4) AS "Idle share",
       round(avg(engagement_score * 100) FILTER (WHERE is_present)::numeric, 0)                                   AS "Engagement"
FROM chosen
LEFT JOIN class_list USING (class_id)
WHERE is_present OR is_enrolled
GROUP BY grade
ORDER BY length(grade), grade
