('__all' IN (${class:sqlstring}) AND '__all' IN (${grade:sqlstring}))
