SELECT extract(isodow FROM bucket AT TIME ZONE classpulse_timezone())::integer AS "Weekday",
       extract(hour FROM bucket AT TIME ZONE classpulse_timezone())::integer   AS "Hour",
       sum(time_ms)::bigint / 1000                                             AS "Time",
       sum(visits)::bigint                                                     AS "Visits"
FROM course_time_by_hour
WHERE $__timeFilter(bucket) AND {{in_course}}
GROUP BY 1, 2
ORDER BY 1, 2
