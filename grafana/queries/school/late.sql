SELECT to_char(day, 'YYYY-MM-DD')                                  AS "Day",
       coalesce(max(events) FILTER (WHERE flow = 'engagement'), 0) AS "To activity",
       coalesce(max(events) FILTER (WHERE flow = 'content'), 0)    AS "To sessions and chapters",
       max(added_at)                                               AS "Last added"
FROM late_additions
WHERE {{in_time}}
GROUP BY day
ORDER BY day DESC
LIMIT {{lines_shown}}
