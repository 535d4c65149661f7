SELECT coalesce(country_code, 'unknown')  AS "Country",
       students                           AS "Students",
       share                              AS "Of sessions",
       avg_session_duration               AS "Session",
       bounce_rate                        AS "One page only"
FROM geography
ORDER BY students DESC, 1
