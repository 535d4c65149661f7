WITH posts AS (
    SELECT day, sum(posts)::bigint AS posts, sum(students)::bigint AS students
    FROM forum_activity
    LEFT JOIN class_list USING (class_id)
    WHERE {{in_class}}
      AND ('__all' IN (${course:sqlstring}) OR course_id IN (${course:sqlstring}))
    GROUP BY day
)
SELECT d::date::timestamp AT TIME ZONE classpulse_timezone() AS "Day",
       coalesce(p.posts, 0)                                  AS "Posts"
FROM generate_series(local_day($__timeFrom())::timestamp, local_day($__timeTo())::timestamp, interval '1 day') d
LEFT JOIN posts p ON p.day = d::date
ORDER BY 1
