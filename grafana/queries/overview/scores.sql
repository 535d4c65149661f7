WITH attempts AS (
    SELECT least(9, floor(score / 10))::integer AS band,
           count(*) FILTER (WHERE passed)       AS passed,
           count(*) FILTER (WHERE NOT passed)   AS failed
    FROM student_attempts
    WHERE $__timeFilter(attempted_at) AND quiz_type = 'module'
      AND ('__all' IN (${course:sqlstring}) OR course IN (${course:sqlstring}))
      AND ('__all' IN (${class:sqlstring}) AND '__all' IN (${grade:sqlstring})
           OR user_id = ANY (ARRAY(SELECT student_id FROM class_students WHERE {{in_class}})))
    GROUP BY 1
)
SELECT CASE WHEN b = 9 THEN '90-100' ELSE b * 10 || '-' || b * 10 + 9 END AS "Score",
       coalesce(passed, 0)                                                AS "Passed",
       coalesce(failed, 0)                                                AS "Failed"
FROM generate_series(0, 9) b
LEFT JOIN attempts ON band = b
ORDER BY b
