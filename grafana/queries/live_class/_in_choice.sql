('__all' IN (${class:sqlstring}) OR class_id IN (${class:sqlstring}))
      AND ('__all' IN (${grade:sqlstring}) OR grade IN (${grade:sqlstring}))
      AND ('__all' IN (${course:sqlstring}) OR course_id IN (${course:sqlstring})
           OR student_id IN (SELECT student_id FROM enrolled_courses WHERE course_id IN (${course:sqlstring})))
