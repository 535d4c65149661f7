SELECT one.minute,
       e.score AS value,
       jsonb_strip_nulls(jsonb_build_object(
           'class_id', e.class_id, 'recency', e.recency, 'intensity', e.intensity, 'duration', e.duration, 'streak', e.streak
       ))      AS inputs,
       one.minute + classpulse_window() + classpulse_lateness() AS final_at,
       coalesce(one.minute + classpulse_window() + classpulse_lateness() <= (SELECT as_of FROM data_clock), false) AS is_final
FROM (SELECT %(minute)s::timestamptz AS minute) one
LEFT JOIN (
    SELECT class_id, score, recency, intensity, duration, streak
    FROM student_engagement
    WHERE student_id = %(scope_id)s AND "time" = %(minute)s::timestamptz
) e ON true
