SELECT course_id AS __value, coalesce(title, course_id) AS __text
FROM course_list
LEFT JOIN course_titles USING (course_id)
ORDER BY 2, 1
