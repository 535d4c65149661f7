-- A line a class, or, where there would be more than {{lines_shown}} lines, a line a grade.
WITH scores AS (
    SELECT $__timeGroup(bucket, $__interval) AS time,
           coalesce(title, class_id)         AS class,
           coalesce('Grade ' || grade, '–')  AS grade,
           score * students                  AS score_sum,
           students
    FROM engagement_by_class
    JOIN class_list USING (class_id)
    WHERE $__timeFilter(bucket)
      AND ('__all' IN (${class:sqlstring}) OR class_id IN (${class:sqlstring}))
      AND ('__all' IN (${grade:sqlstring}) OR grade IN (${grade:sqlstring}))
)
SELECT time,
       CASE WHEN (SELECT count(DISTINCT class) FROM scores) > {{lines_shown}} THEN grade ELSE class END AS "Class",
       round((sum(score_sum) / sum(students))::numeric, 1) AS "Engagement"
FROM scores
GROUP BY 1, 2
ORDER BY 1, 2
