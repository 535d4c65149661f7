WITH {{chosen}},
people AS (
    SELECT count(*) FILTER (WHERE is_present AND status = 'active') AS active,
           count(*) FILTER (WHERE is_present)                       AS present,
           count(*) FILTER (WHERE is_present AND is_enrolled)       AS expected,
           count(*) FILTER (WHERE is_enrolled)                      AS enrolled,
           count(*)                                                 AS known,
           max(last_active_at)                                      AS last_seen
    FROM chosen
),
flow AS (
    SELECT as_of,
           extract(epoch FROM classpulse_now() - as_of)                     AS lag_s,
           coalesce(current_setting('classpulse.clock', true) = 'data', false) AS is_replay
    FROM (SELECT max(as_of) AS as_of FROM data_freshness WHERE flow = 'engagement') f
),
said AS (
    SELECT *,
           CASE
               WHEN lag_s < 120 THEN round(lag_s) || ' seconds'
               WHEN lag_s < 7200 THEN round(lag_s / 60) || ' minutes'
               WHEN lag_s < 172800 THEN round(lag_s / 3600) || ' hours'
               ELSE round(lag_s / 86400) || ' days'
           END AS age,
           CASE
               WHEN quiet_s IS NULL THEN 'Nobody has been seen yet.'
               WHEN quiet_s < 120 THEN 'Last action: just now.'
               WHEN quiet_s < 7200 THEN 'Last action: ' || round(quiet_s / 60) || ' minutes ago.'
               WHEN quiet_s < 172800 THEN 'Last action: ' || round(quiet_s / 3600) || ' hours ago.'
               ELSE 'Last action: ' || round(quiet_s / 86400) || ' days ago.'
           END AS last_action
    FROM people
    CROSS JOIN flow
    CROSS JOIN LATERAL (SELECT extract(epoch FROM classpulse_now() - last_seen) AS quiet_s) q
)
SELECT CASE
           WHEN as_of IS NULL
               THEN 'No data yet: no event has reached ClassPulse. Your administrator can run "classpulse doctor".'
           WHEN lag_s >= {{lag_stalled_s}}
               THEN 'Pipeline stalled: the numbers are ' || age || ' old. This says nothing about the class.'
           WHEN known = 0
               THEN 'Nobody matches this choice: no roster and no activity. Choose another class, grade or course.'
           WHEN present = 0 AND enrolled = 0
               THEN 'No roster for this choice, and nobody is here now. ' || last_action
           WHEN present = 0
               THEN 'Quiet: none of the ' || enrolled || ' enrolled is here now; data is flowing. ' || last_action
           WHEN enrolled = 0
               THEN 'No roster: ' || present || ' here, ' || active || ' active now. Who is absent is unknown until a roster is loaded.'
           ELSE 'Live: ' || expected || ' of ' || enrolled || ' enrolled are here, ' || active || ' active now.'
                || CASE WHEN present > expected THEN ' ' || (present - expected) || ' here are not on the roster.' ELSE '' END
       END
       || CASE WHEN is_replay THEN ' (A replayed log: "now" is its own time.)' ELSE '' END AS "State"
FROM said
