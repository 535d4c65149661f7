'__all' IN (${class:sqlstring}) AND '__all' IN (${course:sqlstring})
