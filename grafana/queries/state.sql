-- One sentence, by what there is in the choice and how far the flow's data are.
WITH found AS (
{{found}}
),
flow AS (
    SELECT as_of,
           extract(epoch FROM classpulse_now() - as_of)                        AS lag_s,
           coalesce(current_setting('classpulse.clock', true) = 'data', false) AS is_replay
    FROM (SELECT max(as_of) AS as_of FROM data_freshness WHERE flow = '{{flow}}') f
)
SELECT CASE
           WHEN as_of IS NULL AND amount = 0
               THEN 'No data yet: no event has reached ClassPulse. Your administrator can run "classpulse doctor".'
           WHEN lag_s >= {{lag_stalled_s}}
               THEN 'Pipeline stalled: the numbers are '
                    || CASE
                           WHEN lag_s < 7200 THEN round(lag_s / 60) || ' minutes'
                           WHEN lag_s < 172800 THEN round(lag_s / 3600) || ' hours'
                           ELSE round(lag_s / 86400) || ' days'
                       END || ' old. This says nothing about the class.'
           WHEN sentence LIKE 'Pipeline%' THEN sentence
           WHEN amount = 0 THEN 'Nothing to show: ' || sentence
           ELSE 'Up to date: ' || sentence
       END || CASE WHEN is_replay THEN ' (A replayed log: "now" is its own time.)' ELSE '' END AS "State",
       as_of                                                                                  AS "As of"
FROM found
CROSS JOIN flow
