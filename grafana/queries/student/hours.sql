SELECT extract(isodow FROM session_start AT TIME ZONE classpulse_timezone())::integer AS "Weekday",
       extract(hour FROM session_start AT TIME ZONE classpulse_timezone())::integer   AS "Hour",
       sum(duration_seconds)                                                          AS "Time"
FROM sessions
WHERE student_id IN (${student:sqlstring}) AND $__timeFilter(session_start)
GROUP BY 1, 2
ORDER BY 2, 1
