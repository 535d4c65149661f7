SELECT course_id FROM course_list ORDER BY 1
