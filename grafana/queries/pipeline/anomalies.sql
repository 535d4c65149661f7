SELECT detected_at  AS "Detected",
       kind         AS "What",
       subject_id   AS "Where",
       detail::text AS "Detail"
FROM recent_anomalies
ORDER BY detected_at DESC, kind, subject_id
LIMIT {{lines_shown}}
