({{everybody}} AND '__all' IN (${module:sqlstring}) AND EXISTS (SELECT FROM memory_summary WHERE curves > 0))
