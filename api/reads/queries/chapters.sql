SELECT course_id, chapter_id, title, avg_time_spent, median_time_spent, total_visits, unique_students, drop_off_rate, difficulty_score,
       expected_seconds, completed_share, as_of
FROM chapter_analytics
WHERE (%(course_id)s::text IS NULL OR course_id = %(course_id)s::text)
  AND (%(chapter_id)s::text IS NULL OR chapter_id = %(chapter_id)s::text)
  AND (%(after)s::text IS NULL OR (coalesce(course_id, ''), chapter_id) > (%(after_course)s::text, %(after)s::text))
ORDER BY coalesce(course_id, ''), chapter_id
LIMIT %(limit)s
