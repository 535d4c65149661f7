('__all' IN (${module:sqlstring}) OR module IN (${module:sqlstring}))
