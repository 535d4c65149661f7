SELECT coalesce(a.title, chapter_id) AS "Chapter",
       drop_off_rate                 AS "Drop-off",
       unique_students               AS "Students",
       median_time_spent             AS "Median time",
       difficulty_score              AS "Effort and drop-off",
       coalesce(t.title, course_id)  AS "Course",
       chapter_id
FROM chapter_analytics a
LEFT JOIN course_titles t USING (course_id)
WHERE drop_off_rate IS NOT NULL
  AND unique_students >= {{students_least}}
  AND {{in_course}}
ORDER BY drop_off_rate DESC, chapter_id
LIMIT {{chapters_shown}}
