SELECT video_id FROM video_summary
WHERE ('__all' IN (${course:sqlstring}) OR course_id IN (${course:sqlstring}))
ORDER BY 1
