SELECT flow              AS "Flow",
       lag_seconds       AS "Lag",
       as_of             AS "As of",
       stalled_task      AS "Slowest task",
       tasks             AS "Tasks",
       last_write_at     AS "Last write",
       late_events_10m   AS "Late in 10 min",
       rejected_10m      AS "Rejected in 10 min"
FROM data_freshness
ORDER BY flow
