-- What judged models said last of a class's students.
SELECT p.student_id, n.display_name, p.course_id, p.week, p.predicted_at, p.probability, p.came_true, p.came_true_of, p.calibration_error,
       p.judged_on, p.reasons, p.changes, p.model_version, p.dismissed_by, p.dismissed_why
FROM student_predictions p
LEFT JOIN student_names n USING (student_id)
WHERE p.class_id = %(class_id)s AND p.kind = %(kind)s
ORDER BY p.probability DESC, p.student_id, p.course_id
