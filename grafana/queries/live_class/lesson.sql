SELECT $__timeGroupAlias(bucket, $__interval),
       coalesce(title, class_id)                                     AS "Class",
       round((sum(score * students) / sum(students))::numeric, 1)    AS "Engagement"
FROM engagement_by_class
JOIN class_list USING (class_id)
WHERE $__timeFilter(bucket)
  AND ('__all' IN (${class:sqlstring}) OR class_id IN (${class:sqlstring}))
  AND ('__all' IN (${grade:sqlstring}) OR grade IN (${grade:sqlstring}))
GROUP BY 1, 2
ORDER BY 1, 2
