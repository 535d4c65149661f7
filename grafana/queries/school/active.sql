SELECT date::timestamp AT TIME ZONE classpulse_timezone() AS "time",
       active_users                                       AS "That day",
       active_users_7d                                    AS "In 7 days",
       active_users_30d                                   AS "In 30 days"
FROM clickstream_analytics
WHERE date BETWEEN local_day($__timeFrom()) AND local_day($__timeTo())
ORDER BY 1
