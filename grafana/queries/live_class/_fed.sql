event_time <= classpulse_now()
      AND ('__all' IN (${class:sqlstring}) OR class_id IN (${class:sqlstring}))
      AND ('__all' IN (${grade:sqlstring}) OR grade IN (${grade:sqlstring}))
      AND ('__all' IN (${course:sqlstring}) OR course_id IN (${course:sqlstring}))
