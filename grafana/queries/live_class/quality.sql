SELECT events                                                                AS "Events looked at",
       round(without_class / nullif(events, 0)::numeric, 4)                  AS "Without class",
       round(without_session / nullif(events, 0)::numeric, 4)                AS "Without session",
       round(without_device / nullif(events, 0)::numeric, 4)                 AS "Without device",
       median_delay_seconds                                                  AS "Usual delay",
       p95_delay_seconds                                                     AS "Slowest 5 %"
FROM event_quality
