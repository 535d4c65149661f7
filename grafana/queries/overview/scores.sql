WITH attempts AS (
    SELECT least(9, floor(score / 10))::integer AS band, passed
    FROM student_attempts
    WHERE $__timeFilter(attempted_at) AND quiz_type = 'module'
      AND ('__all' IN (${course:sqlstring}) OR course IN (${course:sqlstring}))
      AND ('__all' IN (${class:sqlstring}) AND '__all' IN (${grade:sqlstring})
           OR user_id = ANY (ARRAY(SELECT student_id FROM class_students WHERE {{in_class}})))
)
SELECT CASE WHEN b = 9 THEN '90-100' ELSE b * 10 || '-' || b * 10 + 9 END AS "Score",
       count(band) FILTER (WHERE passed)                                  AS "Passed",
       count(band) FILTER (WHERE NOT passed)                              AS "Failed"
FROM generate_series(0, 9) b
LEFT JOIN attempts ON band = b
GROUP BY b
ORDER BY b
