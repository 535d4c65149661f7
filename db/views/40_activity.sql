-- Windows with their tasks summed. A window is final when the lowest watermark has passed its end and the lateness.
CREATE OR REPLACE VIEW activity WITH (security_barrier) AS
SELECT window_start,
       scope,
       scope_id,
       sum(events)::bigint          AS events,
       -- students are few enough for sums that need no numeric: rules add up an hour of all classes each minute
       sum(active_students::integer) AS active_students,
       sum(active_5m::integer)       AS active_5m,
       coalesce(window_start + classpulse_window() + classpulse_lateness() <= (SELECT as_of FROM data_clock), false) AS is_final
FROM activity_windows
GROUP BY window_start, scope, scope_id;
COMMENT ON VIEW activity IS 'A row is a minute x scope.';

-- The last hour without gaps: where there is no row, nobody was there.
CREATE OR REPLACE VIEW activity_trend WITH (security_barrier) AS
-- not materialised but for the clock: a panel's filter by scope reaches the windows
WITH clock AS MATERIALIZED (SELECT date_bin('1 minute', classpulse_now(), timestamptz '2000-01-01 00:00:00+00') AS minute),
     recent AS NOT MATERIALIZED (
         SELECT window_start, scope, scope_id, sum(events)::bigint AS events,
                sum(active_students)::bigint AS active_students, sum(active_5m)::bigint AS active_5m
         FROM activity_windows
         WHERE window_start BETWEEN (SELECT minute - interval '60 minutes' FROM clock) AND (SELECT minute FROM clock)
         GROUP BY window_start, scope, scope_id
     ),
     scopes AS (
         SELECT scope, scope_id FROM recent
         UNION SELECT 'all', 'all'
         UNION SELECT 'class', class_id FROM classes
     )
SELECT m.minute,
       s.scope,
       s.scope_id,
       coalesce(r.active_5m, 0)       AS active_5m,
       coalesce(r.active_students, 0) AS active_students,
       coalesce(r.events, 0)          AS events,
       coalesce(m.minute + classpulse_window() + classpulse_lateness() <= (SELECT as_of FROM data_clock), false) AS is_final
FROM clock
CROSS JOIN LATERAL generate_series(clock.minute - interval '60 minutes', clock.minute, interval '1 minute') AS m (minute)
CROSS JOIN scopes s
LEFT JOIN recent r ON r.window_start = m.minute AND r.scope = s.scope AND r.scope_id = s.scope_id;
COMMENT ON VIEW activity_trend IS 'A row is a minute x scope, of the last 60 minutes and the running one, without gaps (0 where nothing was).';
COMMENT ON COLUMN activity_trend.minute IS 'Start of the minute.';

CREATE OR REPLACE VIEW class_chapter_activity WITH (security_barrier) AS
SELECT window_start,
       replace(split_part(scope_id, '/', 1), '%2F', '/') AS class_id,
       replace(split_part(scope_id, '/', 2), '%2F', '/') AS chapter_id,
       events,
       active_students,
       active_5m,
       is_final
FROM activity
WHERE scope = 'class_chapter';
COMMENT ON VIEW class_chapter_activity IS 'A row is a minute x class x chapter.';

CREATE OR REPLACE VIEW activity_by_minute WITH (security_barrier) AS
SELECT bucket, scope, scope_id, events, peak_active_students, peak_active_5m, student_minutes, active_minutes FROM activity_1m;
COMMENT ON VIEW activity_by_minute IS 'A row is a minute x scope, from activity_1m.';
-- By hour and by day: 53_roll_up.sql.
