SELECT f.as_of,
       classpulse_now()                            AS now,
       f.lag_seconds,
       coalesce(f.late_events_10m, 0)              AS late_events_10m,
       coalesce((
           SELECT sum(a.events)
           FROM late_additions a
           WHERE a.flow = 'engagement' AND a.day = local_day(coalesce(%(at)s::timestamptz, classpulse_now()))
       ), 0)::bigint                               AS late_added
FROM (SELECT 'engagement' AS flow) one
LEFT JOIN data_freshness f USING (flow)
