WITH days AS (
    SELECT day, sum(enrolments)::bigint AS enrolments, sum(completions)::bigint AS completions,
           sum(unenrolments)::bigint AS leavings
    FROM enrolment_revenue
    WHERE {{in_time}} AND {{in_course}}
    GROUP BY day
)
SELECT d::date::timestamp AT TIME ZONE classpulse_timezone() AS "Day",
       coalesce(enrolments, 0)                               AS "Enrolments",
       coalesce(completions, 0)                              AS "Completions",
       coalesce(leavings, 0)                                 AS "Left"
FROM generate_series(local_day($__timeFrom())::timestamp, local_day($__timeTo())::timestamp, interval '1 day') d
LEFT JOIN days ON day = d::date
ORDER BY 1
