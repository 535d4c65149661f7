WITH minutes AS (
    SELECT minute
    FROM generate_series(
        date_trunc('minute', %(now)s::timestamptz) - (%(minutes)s::integer - 1) * interval '1 minute',
        date_trunc('minute', %(now)s::timestamptz),
        interval '1 minute'
    ) AS minute
),
scoped AS (
    SELECT window_start, active_5m, active_students, events
    FROM activity
    WHERE window_start > %(now)s::timestamptz - (%(minutes)s::integer + 1) * interval '1 minute'
      AND window_start <= %(now)s::timestamptz
      AND scope = CASE WHEN %(classes)s::text[] IS NULL THEN 'all' ELSE 'class' END
      AND (%(classes)s::text[] IS NULL OR scope_id = ANY (%(classes)s::text[]))
)
SELECT minute,
       coalesce(sum(active_5m), 0)::bigint       AS active_5m,
       coalesce(sum(active_students), 0)::bigint AS active_students,
       coalesce(sum(events), 0)::bigint          AS events,
       -- a minute in which nobody was there becomes final like any other
       coalesce(minute + classpulse_window() + classpulse_lateness() <= (SELECT as_of FROM data_clock), false) AS is_final
FROM minutes
LEFT JOIN scoped ON window_start = minute
GROUP BY minute
ORDER BY minute
