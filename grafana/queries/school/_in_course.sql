('__all' IN (${course:sqlstring}) OR course_id IN (${course:sqlstring}))
