members AS (
    SELECT m.student_id, m.class_id, coalesce(l.title, m.class_id) AS class
    FROM class_members m
    LEFT JOIN class_list l ON l.class_id = m.class_id
    WHERE ('__all' IN (${class:sqlstring}) OR m.class_id IN (${class:sqlstring}))
      AND ('__all' IN (${grade:sqlstring}) AND '__all' IN (${course:sqlstring})
           -- what is known of each student is looked up where it was chosen only: it costs the most
           OR (m.class_id, m.student_id) IN (
               SELECT class_id, student_id
               FROM class_students
               WHERE {{in_class}}
                 AND ('__all' IN (${course:sqlstring}) OR course_ids && ARRAY[${course:sqlstring}])))
)
