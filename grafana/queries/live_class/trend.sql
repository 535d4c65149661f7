WITH minutes AS (
    SELECT minute
    FROM generate_series(
        date_trunc('minute', classpulse_now()) - interval '9 minutes',
        date_trunc('minute', classpulse_now()),
        interval '1 minute'
    ) AS minute
),
scoped AS (
    SELECT window_start, active_5m, is_final
    FROM activity
    WHERE window_start > classpulse_now() - interval '11 minutes'
      AND window_start <= classpulse_now()
      AND {{scope}}
)
SELECT minute                                                        AS "Minute",
       coalesce(sum(active_5m) FILTER (WHERE is_final), 0)::bigint     AS "Settled",
       coalesce(sum(active_5m) FILTER (WHERE NOT is_final), 0)::bigint AS "Still counting"
FROM minutes
LEFT JOIN scoped ON window_start = minute
GROUP BY minute
ORDER BY minute
