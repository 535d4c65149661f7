members AS (
    SELECT DISTINCT student_id, class_id, coalesce(title, class_id) AS class
    FROM class_students
    LEFT JOIN (SELECT class_id, title FROM class_list) l USING (class_id)
    WHERE is_enrolled AND class_id IS NOT NULL AND {{in_class}}
      AND ('__all' IN (${course:sqlstring}) OR course_ids && ARRAY[${course:sqlstring}])
)
