WITH asked AS (
    SELECT coalesce(
               date_trunc('minute', %(at)s::timestamptz),
               (SELECT max("time") FROM student_engagement WHERE student_id = %(scope_id)s AND "time" > classpulse_now() - interval '1 day'),
               date_trunc('minute', classpulse_now())
           ) AS minute
)
SELECT asked.minute,
       e.score AS value,
       jsonb_strip_nulls(jsonb_build_object(
           'class_id', e.class_id, 'recency', e.recency, 'intensity', e.intensity, 'duration', e.duration, 'streak', e.streak
       ))      AS inputs,
       asked.minute + classpulse_window() + classpulse_lateness() AS final_at,
       coalesce(asked.minute + classpulse_window() + classpulse_lateness() <= (SELECT as_of FROM data_clock), false) AS is_final
FROM asked
LEFT JOIN student_engagement e ON e.student_id = %(scope_id)s AND e."time" = asked.minute
