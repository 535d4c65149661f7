people AS (
    SELECT DISTINCT ON (student_id)
           student_id, coalesce(display_name, student_id) AS name, coalesce(title, class_id) AS class
    FROM class_students
    LEFT JOIN class_list USING (class_id)
    WHERE ('__all' IN (${class:sqlstring}) OR class_id IN (${class:sqlstring}))
      AND ('__all' IN (${grade:sqlstring}) OR class_students.grade IN (${grade:sqlstring}))
      AND (NOT {{everybody}} OR student_id = ANY (ARRAY(SELECT user_id FROM foremost)))
    ORDER BY student_id, is_enrolled DESC, class_id
)
