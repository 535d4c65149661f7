NOT ('__all' IN (${class:sqlstring}) AND '__all' IN (${grade:sqlstring}))
          AND attempted_at >= (SELECT first::timestamp AT TIME ZONE classpulse_timezone() FROM span)
          AND attempted_at < (SELECT (last + 1)::timestamp AT TIME ZONE classpulse_timezone() FROM span)
          AND quiz_type = 'module'
          AND ('__all' IN (${course:sqlstring}) OR course IN (${course:sqlstring}))
