SELECT count(*) AS amount,
       CASE
           WHEN count(*) = 0 THEN 'no flow has ever written here. Start one with "classpulse run engagement".'
           WHEN max(lag_seconds) >= {{lag_stalled_s}}
               THEN 'Pipeline stalled: ' || string_agg(flow, ', ' ORDER BY flow) FILTER (WHERE lag_seconds >= {{lag_stalled_s}})
                    || ' behind the clock by up to ' || round(max(lag_seconds)::numeric) || ' s.'
           ELSE count(*) || ' flows with ' || sum(tasks) || ' tasks, the slowest '
                || round(coalesce(max(lag_seconds), 0)::numeric, 1) || ' s behind the clock.'
       END AS sentence
FROM data_freshness
WHERE flow <> 'lake' -- it writes every five minutes, and no board reads it
