WITH {{chosen}}
SELECT coalesce(chapter_id, 'not said')                  AS "Chapter",
       coalesce(course_id, '')                           AS "Course",
       count(*) FILTER (WHERE status = 'active')         AS "Active",
       count(*) FILTER (WHERE status = 'idle')           AS "Idle",
       round(sum(round(engagement_score * 10000)::bigint) / (count(*) * 100), 0) AS "Engagement"
FROM chosen
WHERE is_present
GROUP BY 1, 2
ORDER BY 3 DESC, 4 DESC, 1, 2
LIMIT 10
