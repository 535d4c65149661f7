SELECT one.minute,
       coalesce(a.events, 0)    AS events,
       coalesce(a.active_5m, 0) AS active_5m,
       jsonb_build_object(
           'active_students', coalesce(a.active_students, 0),
           'window_s', extract(epoch FROM classpulse_window()),
           'lateness_s', extract(epoch FROM classpulse_lateness())
       )                        AS inputs,
       one.minute + classpulse_window() + classpulse_lateness() AS final_at,
       -- a minute without a row becomes final like any other
       coalesce(one.minute + classpulse_window() + classpulse_lateness() <= (SELECT as_of FROM data_clock), false) AS is_final
FROM (SELECT %(minute)s::timestamptz AS minute) one
LEFT JOIN (
    SELECT events, active_5m, active_students
    FROM activity
    WHERE window_start = %(minute)s::timestamptz AND scope = %(scope)s AND scope_id = %(scope_id)s
) a ON true
