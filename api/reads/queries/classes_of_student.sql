SELECT DISTINCT class_id FROM class_students WHERE student_id = %(student_id)s
