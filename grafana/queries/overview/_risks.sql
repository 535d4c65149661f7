risks AS (
    SELECT r.*, coalesce(l.title, r.class_id) AS class
    FROM student_risk r
    LEFT JOIN class_list l USING (class_id)
    WHERE {{in_class}}
      AND ('__all' IN (${course:sqlstring}) OR course_id IN (${course:sqlstring}))
)
