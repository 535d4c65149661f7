SELECT d::date::timestamp AT TIME ZONE classpulse_timezone() AS "Day",
       coalesce(minutes_active, 0)                           AS "Active minutes"
FROM generate_series(local_day($__timeFrom())::timestamp, local_day($__timeTo())::timestamp, interval '1 day') d
LEFT JOIN student_active_days a ON a.day = d::date AND a.student_id IN (${student:sqlstring})
ORDER BY 1
