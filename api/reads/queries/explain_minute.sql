WITH asked AS (
    SELECT date_trunc('minute', coalesce(%(at)s::timestamptz, classpulse_now())) AS minute
)
SELECT asked.minute,
       coalesce(a.events, 0)    AS events,
       coalesce(a.active_5m, 0) AS active_5m,
       jsonb_build_object(
           'active_students', coalesce(a.active_students, 0),
           'window_s', extract(epoch FROM classpulse_window()),
           'lateness_s', extract(epoch FROM classpulse_lateness())
       )                        AS inputs,
       asked.minute + classpulse_window() + classpulse_lateness() AS final_at,
       -- a minute without a row becomes final like any other
       coalesce(asked.minute + classpulse_window() + classpulse_lateness() <= (SELECT as_of FROM data_clock), false) AS is_final
FROM asked
LEFT JOIN activity a ON a.window_start = asked.minute AND a.scope = %(scope)s AND a.scope_id = %(scope_id)s
