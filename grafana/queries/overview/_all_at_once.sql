'__all' IN (${class:sqlstring})
