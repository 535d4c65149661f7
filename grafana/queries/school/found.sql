SELECT count(*) AS amount,
       CASE WHEN count(*) = 0 THEN 'nobody used the platform yet, or no day has been counted.'
            ELSE count(*) || ' days of use, the last one ' || to_char(max(date), 'FMDD Mon') || '.'
       END AS sentence
FROM clickstream_analytics
WHERE date BETWEEN local_day($__timeFrom()) AND local_day($__timeTo())
