spread AS (
    SELECT b.course_id, b.chapter_id, s.log_bucket, sum(s.visits)::bigint AS visits,
           sum(s.time_ms) / (sum(s.visits) * 1000)::double precision AS seconds
    FROM busiest b
    CROSS JOIN LATERAL (
        SELECT log_bucket, visits, time_ms FROM chapter_time_spread
        WHERE course_id = b.course_id AND chapter_id = b.chapter_id AND $__timeFilter(bucket)
        OFFSET 0 -- chapter by chapter through the index
    ) s
    GROUP BY b.course_id, b.chapter_id, s.log_bucket
)
