WITH busiest AS (
    SELECT course_id, sum(visits)::bigint AS visits, sum(time_ms)::bigint AS time_ms
    FROM course_time_by_hour
    WHERE $__timeFilter(bucket) AND {{in_course}} AND course_id IS NOT NULL
    GROUP BY course_id
    ORDER BY sum(time_ms) DESC, course_id
    LIMIT {{courses_shown}}
),
spread AS (
    SELECT b.course_id, s.log_bucket, sum(s.visits)::bigint AS visits,
           sum(s.time_ms) / (sum(s.visits) * 1000)::double precision AS seconds
    FROM busiest b
    CROSS JOIN LATERAL (
        SELECT log_bucket, visits, time_ms FROM course_time_spread WHERE course_id = b.course_id AND $__timeFilter(bucket)
        OFFSET 0 -- course by course through the index
    ) s
    GROUP BY b.course_id, s.log_bucket
),
medians AS (
    SELECT course_id,
           weighted_percentile(0.5, array_agg(seconds ORDER BY log_bucket), array_agg(visits ORDER BY log_bucket)) AS seconds
    FROM spread
    GROUP BY course_id
)
SELECT coalesce(t.title, b.course_id)                               AS "Course",
       b.time_ms / 1000                                             AS "Time",
       b.visits                                                     AS "Visits",
       round(b.time_ms / (b.visits * 1000.0), 1)::double precision  AS "Average visit",
       m.seconds                                                    AS "Median visit",
       a.drop_off_rate                                              AS "Drop-off",
       a.unique_students                                            AS "Students so far"
FROM busiest b
LEFT JOIN medians m USING (course_id)
LEFT JOIN course_analytics a USING (course_id)
LEFT JOIN course_titles t USING (course_id)
ORDER BY b.time_ms DESC, b.course_id
