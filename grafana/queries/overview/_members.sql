members AS (
    SELECT m.student_id, m.class_id, coalesce(l.title, m.class_id) AS class
    FROM class_members m
    LEFT JOIN class_list l ON l.class_id = m.class_id
    WHERE ('__all' IN (${class:sqlstring}) OR m.class_id IN (${class:sqlstring}))
      AND ('__all' IN (${grade:sqlstring}) OR l.grade IN (${grade:sqlstring}))
      AND ('__all' IN (${course:sqlstring})
           OR m.student_id IN (SELECT student_id FROM enrolled_courses WHERE course_id IN (${course:sqlstring})))
)
