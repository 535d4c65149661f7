('__all' IN (${video:sqlstring}) OR video_id IN (${video:sqlstring}))
