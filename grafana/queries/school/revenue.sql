WITH days AS (
    SELECT day, sum(revenue) AS revenue
    FROM enrolment_revenue
    WHERE {{in_time}} AND {{in_course}}
    GROUP BY day
)
SELECT d::date::timestamp AT TIME ZONE classpulse_timezone() AS "Day",
       coalesce(revenue, 0)                                  AS "Revenue"
FROM generate_series(local_day($__timeFrom())::timestamp, local_day($__timeTo())::timestamp, interval '1 day') d
LEFT JOIN days ON day = d::date
ORDER BY 1
