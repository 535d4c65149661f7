SELECT coalesce(a.title, chapter_id) AS "Chapter",
       coalesce(t.title, course_id)  AS "Course",
       drop_off_rate                 AS "Drop-off",
       unique_students               AS "Students",
       completed_share               AS "Completed",
       course_id
FROM chapter_analytics a
LEFT JOIN course_titles t USING (course_id)
WHERE drop_off_rate > 0 AND unique_students >= {{students_least}}
  AND ('__all' IN (${course:sqlstring}) OR course_id IN (${course:sqlstring}))
ORDER BY drop_off_rate DESC, chapter_id
LIMIT {{chapters_shown}}
